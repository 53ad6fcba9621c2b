# SPDX-License-Identifier: MIT
# bash completion for token-verifier: what the command says of itself, asked for when it is first needed.
eval "$(token-verifier --completion bash 2>/dev/null)"
