"""Bedrock over HTTPS: the client, its errors, the ways to authenticate, the API key."""
