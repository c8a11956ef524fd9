"""Guardrails: what one is asked, what it finds, and asking the emulator."""
