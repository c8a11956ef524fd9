"""The command line."""

from __future__ import annotations

import pytest

from local.bedrock_standin.__main__ import make_generator, read_arguments
from local.bedrock_standin.generators.echo import EchoGenerator
from local.bedrock_standin.generators.forced_tool_calls import ForcedToolCalls
from local.bedrock_standin.generators.http_generator import HttpGenerator


def test_the_key_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_API_KEY", "made-up")
    arguments = read_arguments(["--port", "1"])
    assert (arguments.api_key, arguments.host, arguments.generator) == ("made-up", "127.0.0.1", "model")


@pytest.mark.parametrize("argv", [["--port", "1"], ["--port", "1", "--api-key", "k", "--generator", "other"]])
def test_a_missing_key_or_an_unknown_generator_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: list[str]
) -> None:
    monkeypatch.delenv("STANDIN_API_KEY", raising=False)
    with pytest.raises(SystemExit):
        read_arguments(argv)
    assert "error: " in capsys.readouterr().err


def test_the_generator_is_chosen_by_name() -> None:
    assert isinstance(make_generator("echo", None), EchoGenerator)
    assert isinstance(make_generator("model", None), ForcedToolCalls)
    assert isinstance(make_generator("http://localhost:11434/v1", None), HttpGenerator)
