"""How requests are served: connections, bedrock-runtime's paths, and the operations under /_standin."""
