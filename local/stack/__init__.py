"""The running stack: its start, its files, and the process of the stand-in for Bedrock."""
