"""The rules of the company's AWS account: what they add to all resources of the stack."""
