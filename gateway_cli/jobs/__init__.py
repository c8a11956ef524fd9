"""Bulk work: OpenAI batch files in and out of a deployed environment's queues."""
