"""What Lambda calls: one module for each function; the only place that knows an event's shape."""
