"""Errors, JSON, text from Bedrock, and the reading of settings."""
