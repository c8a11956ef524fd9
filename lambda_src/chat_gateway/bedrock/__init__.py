"""The client for Bedrock: requests, errors, authentication, and the API key."""
