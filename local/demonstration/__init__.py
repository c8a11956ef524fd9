"""What the running stack shows and checks: requests, tool calls, jobs, and how they look on a terminal."""
