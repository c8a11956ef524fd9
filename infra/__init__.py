"""The gateway's infrastructure: environments, and one construct for each part of the stack."""

import sys
from pathlib import Path

# The functions' settings say which variables the stack sets; they lie among the functions' sources.
sys.path.append(str(Path(__file__).parent.parent / "lambda_src"))
