"""The local AWS: the emulator, the ways to reach it and nothing else, and what is deployed to it."""
