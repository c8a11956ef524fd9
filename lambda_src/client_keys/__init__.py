"""The keys of the gateway's clients, and the table that stores their hashes. Standard library only."""
