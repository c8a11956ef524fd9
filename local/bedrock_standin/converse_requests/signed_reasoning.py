"""Signatures of reasoning: a model that signs its reasoning takes it back only unchanged."""

from __future__ import annotations

import base64
import hashlib


def signature_of(text: str) -> str:
    """The signature of a reasoning text, as base64."""
    return base64.b64encode(hashlib.sha256(f"signed reasoning: {text}".encode()).digest() * 4).decode()
