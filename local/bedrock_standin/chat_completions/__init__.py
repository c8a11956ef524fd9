"""The chat completions API: what a request may ask of which model, and how it is answered."""
