#compdef token-verifier
# SPDX-License-Identifier: MIT
# zsh completion for token-verifier: what the command says of itself, asked for when it is first needed.
eval "$(token-verifier --completion zsh 2>/dev/null)"
