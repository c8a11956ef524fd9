"""Settings, log line and construction of what the chat function and the jobs worker share."""
