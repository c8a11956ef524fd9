"""An environment's settings: the TOML file, its types, its checks, and the values derived from it."""
