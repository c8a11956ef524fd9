"""The HTTP side: API Gateway and the chat function."""
