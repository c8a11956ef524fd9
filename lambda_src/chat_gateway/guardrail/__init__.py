"""The guardrail that no caller switches off, input tags, and what the guardrail did."""
