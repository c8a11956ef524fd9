"""The schema of the functions' log lines: docs/logs.md and docs/logs.schema.json are written from it."""
