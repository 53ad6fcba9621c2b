-- SPDX-License-Identifier: MIT
-- The stand-ins of the test kit, for our own specs.

return require "token_verifier.testing.prosody";
