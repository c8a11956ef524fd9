"""The worker: a batch of jobs, the attempts at each, its record, its result or dead letter."""
