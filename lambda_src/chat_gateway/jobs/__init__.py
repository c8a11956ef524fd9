"""The jobs worker: batches, attempts, job records, results and dead letters."""
