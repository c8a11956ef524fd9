"""Generators: each makes OpenAI's choices and usage from a chat body in OpenAI's form."""
