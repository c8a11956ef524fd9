"""The answers of the chat completions API: bodies, chunks, events, errors, and how a fault changes them."""
