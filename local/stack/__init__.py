"""The running stack: how it starts, where it is, and the process that stands in for Bedrock."""
