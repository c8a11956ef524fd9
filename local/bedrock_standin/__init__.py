"""A local stand-in for Amazon Bedrock's OpenAI chat completions endpoint. Start it with `python -m`."""
