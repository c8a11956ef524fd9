"""The chat function: one request of API Gateway's, its answer and its log line."""
