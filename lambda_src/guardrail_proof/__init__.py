"""Proves from outside that a deployed gateway's guardrail blocks: for the operator's command and for deployments."""
