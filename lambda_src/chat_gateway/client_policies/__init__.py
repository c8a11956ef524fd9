"""What a client may use: where its policy is read, and how a request is held to it."""
