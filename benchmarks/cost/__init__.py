"""What the gateway costs: the calculation behind the tables of docs/cost.md. `python -m benchmarks.cost` writes them."""
