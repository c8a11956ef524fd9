"""The list of models: which models there are, and what a client sees of them."""
