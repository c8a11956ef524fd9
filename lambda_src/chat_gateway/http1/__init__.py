"""HTTP/1.1 by a deadline: connections, heads and bodies."""
