"""Requests of Converse and ConverseStream: their shape, the models' families, and what Bedrock refuses."""
