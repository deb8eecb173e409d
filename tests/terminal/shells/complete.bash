# complete.bash SCRIPT CARGO'S-SCRIPT WORD…: prints what bash would offer for the last word.
script=$1
cargo_script=$2
shift 2
source /usr/share/bash-completion/bash_completion
source "$cargo_script"
# Cargo hands a subcommand's completions on from bash-completion 2.12 on, which gave this function its new name.
if ! declare -F _comp_command_offset > /dev/null; then
    _comp_command_offset() { _command_offset "$@"; }
    BASH_COMPLETION_VERSINFO=(2 12)
fi
source "$script"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
COMP_TYPE=9
COMP_KEY=9
function_of=$(complete -p "$1" | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
"$function_of" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
