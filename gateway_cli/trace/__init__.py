"""`chat-gateway trace`: tells the story of one request, job or batch from the logs and tables."""
