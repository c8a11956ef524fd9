"""The gateway's infrastructure: environments, and a construct for each part of the stack."""

import sys
from pathlib import Path

# The modules that define the functions' environment variables are among the functions' sources.
sys.path.append(str(Path(__file__).parent.parent / "lambda_src"))
