"""Clients of a deployed gateway, for the operator's commands."""

from guardrail_proof.clients import InvalidClientIdError, create, delete

__all__ = ["InvalidClientIdError", "create", "delete"]
