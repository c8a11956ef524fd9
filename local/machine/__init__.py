"""This machine: its processes, ports and signals, the checkout's files, and what can go wrong with them."""
