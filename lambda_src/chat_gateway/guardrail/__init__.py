"""The enforced guardrail, input tags, and the guardrail's outcome."""
