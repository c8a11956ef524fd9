"""What clients used, and what it cost, as the gateway counted it."""
