#!/usr/bin/env bash
# Builds the zips and reports them to the workflow: outputs, a job summary, annotations for findings.
#
# Must run with bash 3.2 (macOS) and Git's bash (Windows), where jq ends lines with CR LF.
set -euo pipefail

command -v jq > /dev/null || { echo "::error title=cargo lambda-zip::this action needs jq on the runner"; exit 1; }
report=$(mktemp "$RUNNER_TEMP/lambda-zip-report-XXXXXX")

arguments=()
if [ -n "$INPUT_EXECUTABLE" ]; then
    arguments+=(pack)
fi
for flag in arch runtime deny warn allow; do
    variable=INPUT_$(printf '%s' "$flag" | tr '[:lower:]' '[:upper:]')
    if [ -n "${!variable}" ]; then
        arguments+=("--$flag" "${!variable}")
    fi
done
for package in $INPUT_PACKAGE; do
    arguments+=(--package "$package")
done
arguments+=(--message-format json)
if [ -n "${INPUT_ARGS//[[:space:]]/}" ]; then
    # xargs removes quotes and backslashes as a shell does, but expands nothing.
    words=$(printf '%s' "$INPUT_ARGS" | xargs -n 1 printf '%s\n')
    while IFS= read -r word; do
        arguments+=("$word")
    done <<< "$words"
fi
if [ -n "$INPUT_EXECUTABLE" ]; then
    arguments+=("$INPUT_EXECUTABLE")
fi

code=0
cargo lambda-zip "${arguments[@]}" > "$report" || code=$?

from_report() {
    jq --raw-output --from-file "$ACTION_PATH/action/$1.jq" "$report" | tr -d '\r'
}

if [ -s "$report" ]; then
    from_report annotations
    from_report summary >> "$GITHUB_STEP_SUMMARY"
    from_report outputs >> "$GITHUB_OUTPUT"
    echo "report=$report" >> "$GITHUB_OUTPUT"
else
    echo "::error title=cargo lambda-zip::no zip was made (exit code $code): see the log"
    printf '### cargo lambda-zip\n\nNo zip was made (exit code %s): see the log.\n' "$code" >> "$GITHUB_STEP_SUMMARY"
fi
exit "$code"
