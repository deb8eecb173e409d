# Prints the job summary: a table of the zips and a table of the findings.
def cell: tostring | gsub("\\|"; "\\|") | gsub("\r?\n"; "<br>");
def row: "| " + (map(cell) | join(" | ")) + " |";
def rounded: . * 10 | round / 10;
def bytes:
  if . < 1024 then "\(.) B"
  elif . < 1048576 then "\(. / 1024 | rounded) KiB"
  else "\(. / 1048576 | rounded) MiB" end;

"### cargo lambda-zip",
"",
(["function", "for", "size", "unpacked", "CodeSha256", "zip"] | row),
"|---|---|--:|--:|---|---|",
(.archives[] | [
  .function,
  ([.arch, .libc, .runtime, (.kind | select(. != "function"))] | map(select(. != null)) | join(", ")),
  (.size | bytes),
  (.uncompressed_size | bytes),
  "`\(.code_sha256)`",
  (if .published then "`\(.path)`" else "**not published**: it breaks a rule" end)
] | row),
([.archives[] | .function as $function | .findings[] | [.severity, "`\(.rule)`", $function, .message, .hint]]
  | if length == 0 then empty else
      "",
      (["", "rule", "function", "what", "hint"] | row),
      "|---|---|---|---|---|",
      (.[] | row)
    end),
""
