"""`chat-gateway files`: clients' files, with the operator's own credentials."""
