"""Lambda functions: their packages, roles and log groups."""
