"""This machine: processes, ports, signals, the checkout's files, and the errors of the local stack."""
