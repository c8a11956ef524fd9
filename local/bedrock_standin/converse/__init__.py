"""The Converse and ConverseStream operations: guardrail, generation, and the model's answer."""
