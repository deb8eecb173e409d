#!/usr/bin/env bash
# Writes dist/install.sh, the install script of this release.
set -euo pipefail

mkdir -p dist
repository=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY
sed -e "s|@REPOSITORY@|$repository|" -e "s|@VERSION@|${GITHUB_REF_NAME#v}|" .github/release/install.sh > dist/install.sh
chmod +x dist/install.sh
