"""Checks credentials: API keys and signed requests."""
