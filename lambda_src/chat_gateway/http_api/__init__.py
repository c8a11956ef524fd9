"""The chat function: reads API Gateway's events, answers them, and writes log lines."""
