# complete.zsh FOLDER CARGO'S-FOLDER LINE: types the line into an interactive zsh, asks it to complete, and prints what
# it shows. The folders hold functions for completion.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= PS2= TERM=dumb; unsetopt zle_bracketed_paste prompt_cr prompt_sp; stty cols 200"
zpty -w shell "fpath=(${(q)1} ${(q)2} \$fpath); autoload -Uz compinit; compinit -u -D"
# Every match that a completion function adds, one a line.
zpty -w shell 'compadd() { local -a all; builtin compadd -O all "$@"; (( $#all )) && print -rl -- "match:"${^all}; builtin compadd "$@" }'
zpty -w shell 'show() { _main_complete; print -r -- "the end" }; zle -C show list-choices show; bindkey "^I" show'
zpty -w shell 'print -r -- "rea""dy"'
zpty -r shell output '*ready*'
zpty -w -n shell "$3"$'\t'
zpty -r shell output '*the end*'
print -r -- "$output"
zpty -d shell
