"""The server: connections, bedrock-runtime's paths, and the operations under /_standin."""
