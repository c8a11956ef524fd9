"""The function for OpenAI's resources beside chat completions: the list of models."""
