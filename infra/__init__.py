"""The gateway's infrastructure: environments, and one construct for each part of the stack."""
