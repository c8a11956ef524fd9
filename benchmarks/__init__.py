"""The benchmark: the gateway's cold starts, latency, memory and size, compared with other functions in the same run."""
