"""A request that the gateway accepts."""

from __future__ import annotations

from typing import Any

VALID: dict[str, Any] = {"model": "openai.gpt-oss-20b-1:0", "messages": [{"role": "user", "content": "Hi"}]}
