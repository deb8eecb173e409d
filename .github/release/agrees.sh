#!/usr/bin/env bash
# Checks Cargo.toml before a release: its version must match the tag and have an entry in the changelog, and its `repository`
# must be this repository, because `cargo binstall` derives the URL of the archives from it.
set -euo pipefail

package=$(cargo metadata --no-deps --format-version 1 | jq '.packages[0]')
agree() {
    if [ "$2" != "$3" ]; then
        echo "::error::$1 of Cargo.toml is \`$2\`, expected \`$3\`"
        exit 1
    fi
}
agree 'the version' "$(jq -r .version <<< "$package")" "${GITHUB_REF_NAME#v}"
agree "the \`repository\`" "$(jq -r .repository <<< "$package")" "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"
if ! grep -q "^## \[${GITHUB_REF_NAME#v}\]" CHANGELOG.md; then
    echo "::error::CHANGELOG.md has no entry for ${GITHUB_REF_NAME#v}"
    exit 1
fi
