#!/usr/bin/python3
"""Makes the calls in CALLS during its first invocation, and returns what it saw in the second one."""

import http.client
import os


def call(method, path, body):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, path, body or None)
    answer = connection.getresponse()
    return answer.status, answer.getheaders(), answer.read().decode()


def describe(name, status, headers, body):
    names = " ".join(sorted(name for name, _ in headers if name != "Date"))
    return f"{name}: {status} [{names}] {body}"


table = []
while True:
    answer = call("GET", "/2018-06-01/runtime/invocation/next", "")
    request = dict(answer[1])["Lambda-Runtime-Aws-Request-Id"]
    if answer[2] == '"report"':
        call("POST", f"/2018-06-01/runtime/invocation/{request}/response", "\n".join(table))
        continue
    table.append(describe("next", *answer))
    for line in os.environ["CALLS"].split(";"):
        method, path, *body = line.split(" ", 2)
        answer = call(method, path.replace("ID", request), body[0] if body else "")
        table.append(describe(line, *answer).replace(request, "ID"))
