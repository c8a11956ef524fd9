"""The lines of batches as jobs: docs/architecture.md. The worker imports this package when the first line comes."""
