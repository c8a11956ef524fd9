"""The steps of a batch: its lines are checked and sent to the jobs queue, and their answers become files."""
