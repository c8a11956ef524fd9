"""The function for OpenAI's resources beside chat completions: models, files and uploads."""
