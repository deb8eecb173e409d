# A command of the workflow for each finding and each warning of the run. Line ends would end it, and in its title also
# `:` and `,`.
def escaped: gsub("%"; "%25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
def title: escaped | gsub(":"; "%3A") | gsub(","; "%2C");
def level: {error: "error", warning: "warning"}[.] // "notice";

(.archives[] | .function as $function | .findings[]
  | "::\(.severity | level) title=\(.rule | title)::\("\($function): \(.message)\nhint: \(.hint)" | escaped)"),
(.warnings[] | "::warning title=cargo lambda-zip::\(escaped)")
