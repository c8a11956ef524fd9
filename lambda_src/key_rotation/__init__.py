"""The rotation of the Bedrock API key: Secrets Manager calls this function for each step."""
