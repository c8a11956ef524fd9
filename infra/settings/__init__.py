"""An environment's settings: the file that a user writes, its types, its checks, and what follows from it."""
