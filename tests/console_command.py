"""The installed command `chat-gateway`, for tests that run it in its own process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.documents import ROOT

CHAT_GATEWAY = str(Path(sys.executable).with_name("chat-gateway"))
# Also where the command was installed from another checkout, it is to run this one's code.
PYTHONPATH = os.pathsep.join([str(ROOT), str(ROOT / "lambda_src")])
