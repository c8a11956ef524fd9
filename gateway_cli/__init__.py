"""The operator's commands for a deployed environment: `python -m gateway_cli --help`."""

import sys
from pathlib import Path

# The proof is also a function of the stack, and lies among the functions' sources.
sys.path.append(str(Path(__file__).parent.parent / "lambda_src"))
