"""Chat completions: checks of the request, retries, streams, and the shape of answers."""
