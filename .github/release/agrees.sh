#!/usr/bin/env bash
# Holds Cargo.toml against the tag that is released: its version is the tag's, the changelog tells of it, and its
# `repository`, from which `cargo binstall` makes the address of the archives, is this one.
set -euo pipefail

package=$(cargo metadata --no-deps --format-version 1 | jq '.packages[0]')
agree() {
    if [ "$2" != "$3" ]; then
        echo "::error::$1 of Cargo.toml is \`$2\`, the release's is \`$3\`"
        exit 1
    fi
}
agree 'the version' "$(jq -r .version <<< "$package")" "${GITHUB_REF_NAME#v}"
agree "the \`repository\`" "$(jq -r .repository <<< "$package")" "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"
if ! grep -q "^## \[${GITHUB_REF_NAME#v}\]" CHANGELOG.md; then
    echo "::error::CHANGELOG.md does not tell of ${GITHUB_REF_NAME#v}"
    exit 1
fi
