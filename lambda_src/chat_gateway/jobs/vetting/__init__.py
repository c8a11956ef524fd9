"""Finds jobs that kill their worker, by trying them in a child process first."""
