"""How the functions reach Bedrock: the API key, IAM's permissions and the settings that say where."""
