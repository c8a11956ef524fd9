"""The environment's own model names: the targets behind a name, and the change to the next one when one fails."""
