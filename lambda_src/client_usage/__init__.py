"""What clients used and what it cost: the items of the usage table, and the prices of models."""
