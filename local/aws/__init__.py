"""The local AWS: the emulator, sessions that reach only the emulator, and the deployment to it."""
