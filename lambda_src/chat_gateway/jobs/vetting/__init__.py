"""Finds the jobs that kill their worker: a child process, whose death does no harm, meets them first."""
