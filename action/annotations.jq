# Prints a workflow command for each finding and each warning. A newline ends a command, and so do `:` and `,` in its
# title, so they are escaped.
def escaped: gsub("%"; "%25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
def title: escaped | gsub(":"; "%3A") | gsub(","; "%2C");
def level: {error: "error", warning: "warning"}[.] // "notice";

(.archives[] | .function as $function | .findings[]
  | "::\(.severity | level) title=\(.rule | title)::\("\($function): \(.message)\nhint: \(.hint)" | escaped)"),
(.warnings[] | "::warning title=cargo lambda-zip::\(escaped)")
