"""The operator's commands for a deployed environment: `chat-gateway --help`."""
