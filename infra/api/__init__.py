"""API Gateway and the chat function."""
