"""The operator's commands for a deployed environment: `python -m gateway_cli --help`."""

import sys
from pathlib import Path

# The guardrail's proof and the clients' keys are the functions' too, and lie among their sources.
sys.path.append(str(Path(__file__).parent.parent / "lambda_src"))
