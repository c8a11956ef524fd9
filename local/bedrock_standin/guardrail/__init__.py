"""Guardrails: references, evaluations, and calls of the emulator's ApplyGuardrail."""
