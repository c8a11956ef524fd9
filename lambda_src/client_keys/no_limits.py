"""The policy of a client without limits, apart from what reads other policies: most requests need no more."""

from __future__ import annotations

# The authorizer's context has the policy under this name.
CONTEXT = "policy"
NO_LIMITS = '{"v":1}'
