#!/usr/bin/env bash
# Builds a function. Creates it on the first run, and later updates its code if it changed.
#
#   ROLE=arn:aws:iam::123456789012:role/hello bash deploy.sh
#
# Needs the aws CLI and jq.
set -euo pipefail
cd "$(dirname "$0")"

function=${FUNCTION:-hello}
report=$(cargo lambda-zip --manifest-path ../../hello/Cargo.toml --arch arm64 --message-format json)
of_zip() { jq -r ".archives[0].$1" <<< "$report"; }

built=$(of_zip code_sha256)
code=(--zip-file "fileb://$(of_zip path)" --architectures "$(of_zip arch)")
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

ask() {
    aws lambda get-function-configuration --function-name "$function" --query CodeSha256 --output text 2> "$errors"
}

if deployed=$(ask); then
    if [ "$deployed" = "$built" ]; then
        echo "$function is up to date: $built"
        exit
    fi
    deployed=$(aws lambda update-function-code --function-name "$function" "${code[@]}" \
        --query CodeSha256 --output text)
    echo "$function is updated: $deployed"
elif grep -q ResourceNotFoundException "$errors"; then
    deployed=$(aws lambda create-function --function-name "$function" "${code[@]}" \
        --runtime "$(of_zip runtime)" --handler bootstrap --role "${ROLE:?the role of the function}" \
        --query CodeSha256 --output text)
    echo "$function is created: $deployed"
else
    cat "$errors" >&2
    exit 1
fi
[ "$deployed" = "$built" ] || { echo "error: the deployed code has the hash $deployed, expected $built" >&2; exit 1; }
