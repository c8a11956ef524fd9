"""A chat completion: the request's checks, further attempts, the stream, and the shape that callers see."""
