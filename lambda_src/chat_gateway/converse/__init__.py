"""Bedrock's Converse API, with answers in the form of its chat completions."""
