"""`python -m response_streaming`, which `start` runs instead of the managed runtime's own loop."""

import sys

from response_streaming.loop import run

if __name__ == "__main__":
    sys.exit(run())
