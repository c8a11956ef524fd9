"""`chat-gateway doctor`: finds out what is wrong with a deployed environment, and says what to do."""
