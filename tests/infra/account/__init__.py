"""The rules of the company's AWS account."""
