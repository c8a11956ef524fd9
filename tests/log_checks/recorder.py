"""Looks at every line that Powertools' Logger writes in this process."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from tests.log_checks import hunt, schema_check

# Of the unit tests' prompts and completions, as they would stand in a line.
_WORDS = (
    "purple elephant",
    "a whisper",
    "capital of France",
    "alice-owes",
    "what is a guardrail?",
    "Weather in Oslo",
    "one two three four",
    "hello there",
    "Never speak of",
    "be brief",
    "Be brief",
    "my secret",
    '"Hi"',
    '"Mild."',
    '"22 degrees"',
    '"Paris"',
)
_serialize = LambdaPowertoolsFormatter.serialize


class Recorder:
    """What was wrong with the lines since `taken` was last called."""

    def __init__(self) -> None:
        self._wrong: list[str] = []
        self.count = 0

    def start(self) -> None:
        """Looks at all further lines."""
        seen = self.see

        def serialize(formatter: LambdaPowertoolsFormatter, log: dict[str, Any]) -> str:
            text = _serialize(formatter, dict(log))
            seen(log, text)
            return text

        LambdaPowertoolsFormatter.serialize = serialize  # type: ignore[assignment, method-assign]

    def stop(self) -> None:
        """Looks at no further line."""
        LambdaPowertoolsFormatter.serialize = _serialize  # type: ignore[method-assign]

    def see(self, line: dict[str, Any], text: str) -> None:
        """Looks at one line, and the same as it is written."""
        self.count += 1
        self._wrong += schema_check.wrong(line)
        self._wrong += hunt.found_in(line)
        self._wrong += [f"{line.get('message')}: it holds {words!r}" for words in _WORDS if words in text]

    def taken(self) -> list[str]:
        """What was wrong since the last call."""
        wrong, self._wrong = self._wrong, []
        return wrong
