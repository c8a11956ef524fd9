"""The proof of the guardrail as the last step of a deployment."""
