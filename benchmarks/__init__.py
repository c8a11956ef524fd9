"""What the gateway costs: cold starts, latency, memory and size, measured beside others in one run."""
