#!/usr/bin/env bash
# Prints the key under which the workflow's cache keeps cargo-lambda-zip: it changes with the runner, the version and, since
# the sources of a branch change without a new version, with the sources.
#
# Must run with bash 3.2 (macOS) and Git's bash (Windows).
set -euo pipefail

sha256() {
    if command -v sha256sum > /dev/null; then sha256sum; else shasum -a 256; fi
}

cd "$ACTION_PATH"
sources=$(find Cargo.toml Cargo.lock src crates -type f | LC_ALL=C sort | while IFS= read -r file; do cat "$file"; done | sha256)
echo "key=cargo-lambda-zip-$RUNNER_OS-$RUNNER_ARCH-${INPUT_VERSION:-own}-${sources:0:16}" >> "$GITHUB_OUTPUT"
