# Prints the outputs of the action in the format of GITHUB_OUTPUT.
[.archives[] | select(.published)]
| if length == 0 then empty else
    "zip=\(.[0].path)",
    "code-sha256=\(.[0].code_sha256)",
    "size=\(.[0].size)",
    "zips<<END_OF_ZIPS", .[].path, "END_OF_ZIPS"
  end
