"""The table of clients, and API Gateway's authorizer."""
