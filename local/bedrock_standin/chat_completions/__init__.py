"""The chat completions API: the checks of a request, and its answer."""
