"""The functions' access to Bedrock: the API key, the IAM permissions and the settings."""
