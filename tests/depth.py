"""How deep the tests look that could look without end: at random examples, and at ever larger inputs."""

from __future__ import annotations

import os

IS_DEEP = os.environ.get("TEST_DEPTH") == "deep"
