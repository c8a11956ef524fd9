"""The table and the bucket of files, uploads and batches."""
