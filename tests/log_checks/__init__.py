"""Checks of every log line that a test run writes: its schema, and what it must not hold."""
