"""Errors, JSON, foreign text, and the reading of settings."""
