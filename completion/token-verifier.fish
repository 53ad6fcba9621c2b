# SPDX-License-Identifier: MIT
# fish completion for token-verifier: what the command says of itself, asked for when it is first needed.
token-verifier --completion fish 2>/dev/null | source
