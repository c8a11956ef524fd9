"""What the chat completions API sends: bodies, chunks, events, errors, and what a fault makes of them."""
