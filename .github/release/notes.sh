#!/usr/bin/env bash
# Prints the changelog entry of the version that is released.
set -euo pipefail

awk -v version="[${GITHUB_REF_NAME#v}]" '
    /^## / { inside = ($2 == version); next }
    inside
' CHANGELOG.md
