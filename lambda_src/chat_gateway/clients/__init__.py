"""The authorizer: who may call."""
