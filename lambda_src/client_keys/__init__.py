"""The keys of the gateway's clients: how they look, and what is stored of them. Standard library only."""
