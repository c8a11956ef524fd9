"""Proves that a deployed gateway's guardrail blocks, for `make prove` and as a step of a deployment."""
