"""Jobs: the queues, the results, the records and the worker."""
