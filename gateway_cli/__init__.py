"""The command `chat-gateway`, with which operators manage a deployed environment."""
