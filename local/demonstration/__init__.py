"""The demonstration and the checks of a running stack: requests, tool calls, jobs, and the terminal output."""
