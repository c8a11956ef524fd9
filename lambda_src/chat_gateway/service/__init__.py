"""What a function is put together from, and its log line."""
