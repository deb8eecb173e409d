
function __cargo_lambda_zip_as_subcommand
    set -l words (commandline -opc)
    set -l at (contains -i -- lambda-zip $words)
    set -l typed (string escape -- $words[(math $at + 1)..-1])
    set -l current (commandline -ct)
    complete -C "cargo-lambda-zip $typed $current"
end
complete -c cargo -n "__fish_seen_subcommand_from lambda-zip" -f -a "(__cargo_lambda_zip_as_subcommand)"
