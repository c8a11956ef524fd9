"""Measures how the time of a request grows with its history, its tools and the number of clients."""
