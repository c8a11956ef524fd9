"""The benchmark at each Lambda memory size: times under the share of a processor that the size has, and peak memory."""
