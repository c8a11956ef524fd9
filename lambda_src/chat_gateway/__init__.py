"""The functions behind the Bedrock Chat Gateway."""
