"""The command finds a stack by the prefix in the environment's settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway_cli import stack_name
from gateway_cli.settings_file import UnreadableSettingsError


@pytest.mark.parametrize(
    ("content", "name"),
    [(None, "bedrock-chat-gateway-dev"), ("", "bedrock-chat-gateway-dev"), ('name_prefix = "ai"', "ai-dev")],
)
def test_the_prefix_is_the_files(tmp_path: Path, content: str | None, name: str) -> None:
    """Without a file, or without a prefix in it, the prefix is the default."""
    if content is not None:
        (tmp_path / "dev.toml").write_text(content)
    assert stack_name.of("dev", tmp_path) == name


@pytest.mark.parametrize("content", [b"name_prefix =", b"\xff"])
def test_an_unreadable_file_is_told(tmp_path: Path, content: bytes) -> None:
    """If the file cannot be read, the command reports that and does not guess a stack's name."""
    (tmp_path / "dev.toml").write_bytes(content)
    with pytest.raises(UnreadableSettingsError, match=r"dev\.toml cannot be read"):
        stack_name.of("dev", tmp_path)
