"""A local stand-in for Amazon Bedrock's chat completions endpoint. `python -m local.bedrock_standin` starts it."""
