#!/bin/bash
# Makes the calls in CALLS during its first invocation, and returns what it saw in the second one.
export LC_ALL=C
directory=$(mktemp -d)
table=

# Makes a call. Its status, headers and body are in files.
call() {
    local options=(--silent --request "$1" --dump-header "$directory/headers" --output "$directory/body")
    if [ "$1" != GET ]; then
        options+=(--data-raw "$3")
    fi
    : > "$directory/body"
    curl "${options[@]}" --write-out '%{http_code}' "http://$AWS_LAMBDA_RUNTIME_API$2" > "$directory/status"
}

# Adds the answer of the last call to the table, under this name.
record() {
    local names
    names=$(sed -n '2,$s/:.*//p' "$directory/headers" | grep -v '^Date$' | sort | paste -sd ' ')
    table+="$1: $(cat "$directory/status") [$names] $(sed "s/$request/ID/g" "$directory/body")"$'\n'
}

while true; do
    call GET /2018-06-01/runtime/invocation/next
    request=$(sed -n 's/^Lambda-Runtime-Aws-Request-Id: \([-0-9a-f]*\).*/\1/p' "$directory/headers")
    if [ "$(cat "$directory/body")" = '"report"' ]; then
        call POST "/2018-06-01/runtime/invocation/$request/response" "$table"
        continue
    fi
    record next
    IFS=";" read -r -a lines <<< "$CALLS"
    for line in "${lines[@]}"; do
        read -r method path body <<< "$line"
        call "$method" "${path/ID/$request}" "$body"
        record "$line"
    done
done
