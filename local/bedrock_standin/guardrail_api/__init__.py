"""The ApplyGuardrail operation."""
