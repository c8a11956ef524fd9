"""Runs the stack with the emulator's checks of permissions: each role may do what its function does, and nothing else."""
