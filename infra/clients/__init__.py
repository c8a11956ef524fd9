"""Who may call: the table of clients, and API Gateway's authorizer."""
