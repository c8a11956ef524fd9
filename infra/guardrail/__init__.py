"""The guardrail that an environment enforces."""
