"""The VPC of the functions and its endpoints."""
