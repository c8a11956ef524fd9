"""ApplyGuardrail's answers of every kind, when it checks a request with tools, or an answer with a tool call."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from benchmarks import aws_answers
from tests.hostile_upstream import honest, way
from tests.hostile_upstream.converse import HonestCheck, verdict
from tests.hostile_upstream.honest import error, head, to_json
from tests.hostile_upstream.markers import FOREIGN, MATCHED, WORDS
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import (
    BROKEN,
    COMPLETES,
    INVALID,
    LATE,
    TOO_LARGE,
    Answer,
    Expectation,
    Scenario,
    completes,
    refused,
)
from tests.hostile_upstream.script import Close, Endless, Pause, Reset, Silence, Slowly
from tests.hostile_upstream.way import STREAMED, Way

_CHECK = HonestCheck()
_NOT_WHOLE = (Way.STREAM, Way.JOB)
_KEY = aws_answers.KEY
_BLOCKED_TEXT = "The guardrail says no."
_TOO_LARGE = {"message": f"{WORDS}: the input has more than 25 text units"}
_RELEASED = replace(COMPLETES, releases=True)
_UNAVAILABLE = refused(502, "guardrail_unavailable")
_LATE = refused((502, 504), "gateway_timeout", "guardrail_unavailable")
_NOT_ALLOWED = refused((403, 503, None), "upstream_access_denied", "upstream_credentials_invalid")
_BLOCK = completes(_BLOCKED_TEXT)
_BLOCK_AFTER_WORDS = completes(honest.WORDS + _BLOCKED_TEXT)
_SOME_BLOCK = completes(None)

_LONG_FINDINGS = [{"wordPolicy": {"customWords": [{"match": MATCHED, "action": "BLOCKED"}] * 3_000}}]
# Verdicts that let everything through.
_LETS_THROUGH: Mapping[str, Any] = {
    "plain": verdict("NONE"),
    "no-fields": {"action": "NONE"},
    "outputs": verdict("NONE", WORDS, WORDS),
    "detected": verdict("NONE", found="NONE"),
    "odd-findings": verdict("NONE", assessments=[MATCHED, [MATCHED], None, {"wordPolicy": MATCHED}]),
    "findings-object": verdict("NONE", assessments={"a": MATCHED}),
}
_BLOCKS: Mapping[str, Any] = {
    "plain": verdict("GUARDRAIL_INTERVENED", _BLOCKED_TEXT, found="BLOCKED"),
    "3000-findings": verdict("GUARDRAIL_INTERVENED", _BLOCKED_TEXT, assessments=_LONG_FINDINGS),
    "reason": verdict(
        "GUARDRAIL_INTERVENED", _BLOCKED_TEXT, found="BLOCKED", actionReason=f"{MATCHED} & more"
    ),
}
# Blocks, whatever text they have.
_ODD_BLOCKS: Mapping[str, Any] = {
    "no-findings": verdict("GUARDRAIL_INTERVENED", _BLOCKED_TEXT),
    "findings-null": verdict("GUARDRAIL_INTERVENED", _BLOCKED_TEXT, assessments=None),
    "findings-strings": verdict("GUARDRAIL_INTERVENED", _BLOCKED_TEXT, assessments=[MATCHED]),
    "no-outputs": verdict("GUARDRAIL_INTERVENED", found="BLOCKED"),
    "outputs-null": verdict("GUARDRAIL_INTERVENED", found="BLOCKED", outputs=None),
    "outputs-strings": verdict("GUARDRAIL_INTERVENED", found="BLOCKED", outputs=[WORDS]),
    "text-list": verdict("GUARDRAIL_INTERVENED", [WORDS], found="BLOCKED"),
    "surrogate": verdict("GUARDRAIL_INTERVENED", "\ud800", found="BLOCKED"),
    "1MB": verdict("GUARDRAIL_INTERVENED", "x" * 1_000_000, found="BLOCKED"),
    "sse": verdict("GUARDRAIL_INTERVENED", "\n\ndata: [DONE]\n\n", found="BLOCKED"),
    "masks-no-output": verdict("GUARDRAIL_INTERVENED", found="ANONYMIZED"),
    "masks-one-of-two": verdict("GUARDRAIL_INTERVENED", "{}", found="ANONYMIZED"),
    "masks-nine": verdict("GUARDRAIL_INTERVENED", *["{}"] * 9, found="ANONYMIZED"),
    "masks-no-texts": verdict("GUARDRAIL_INTERVENED", None, 17, found="ANONYMIZED"),
    "masks-to-no-json": verdict("GUARDRAIL_INTERVENED", "{NAME}", '{"city": {NAME}', found="ANONYMIZED"),
    "masks-to-a-list": verdict("GUARDRAIL_INTERVENED", "{NAME}", "[]", found="ANONYMIZED"),
    "masks-to-deep": verdict("GUARDRAIL_INTERVENED", "a", '{"a":' * 90_000, found="ANONYMIZED"),
    "contradiction": verdict("NONE", found="BLOCKED"),
    "masks-nothing": verdict("NONE", "a", "{}", found="ANONYMIZED"),
    "acts-unknown": verdict("GUARDRAIL_INTERVENED", WORDS, found=FOREIGN),
}
_NO_VERDICTS: Mapping[str, bytes] = {
    "empty": b"",
    "text": b"zq00000",
    "html": b"<html>zq00000</html>",
    "null": b"null",
    "list": to_json([verdict("NONE")]),
    "no-action": b"{}",
    "action-null": to_json(verdict(None)),
    "action-foreign": to_json(verdict(FOREIGN)),
    "action-list": to_json(verdict(["NONE"])),
    "action-small": to_json(verdict("none")),
    "half": to_json(verdict("NONE"))[:-2],
    "deep": b'{"action": "NONE", "a":' + b"[" * 100_000,
    "5000-digits": b'{"action": "NONE", "a": %b}' % (b"9" * 5_000),
    "not-utf-8": b'{"action": "NONE", "a": "\xff"}',
    "bomb": b'{"action": "NONE", "a": [' + b"[]," * 1_000_000 + b"[]]}",
    "converse": to_json({"output": {"message": {"content": [{"text": WORDS}]}}}),
}
_FAILURES: Mapping[str, Answer] = {
    "400": error(400, to_json({"message": f"{WORDS}: The guardrail does not exist."})),
    "400-key": error(400, to_json({"message": f"Bearer {_KEY}", "code": _KEY})),
    "404": error(404, to_json({"message": WORDS}), b"x-amzn-errortype: ResourceNotFoundException"),
    "418": error(418, b"zq00000"),
}
_PASSING: Mapping[str, Answer] = {
    "500": error(500, to_json({"message": WORDS})),
    "503": error(503, b"<html>zq00000</html>"),
}
_REFUSALS: Mapping[str, Answer] = {
    "403": error(403, to_json({"message": f"{WORDS} is not authorized to perform: bedrock:ApplyGuardrail"})),
    "401": error(401, to_json({"message": f"Bearer {_KEY}"}), b"x-amzn-errortype: zq00000 & more"),
}
_9MB = _CHECK.of(b'{"action": "NONE", "a": "' + b"x" * 9_000_000 + b'"}')
_BROKEN: Mapping[str, Answer] = {
    "closes": (Close(),),
    "resets": (Reset(),),
    "cut-off": (_CHECK.counted_head() + _CHECK.half(), Close()),
    "garbage": (f"{WORDS}\r\n\r\n".encode(), Close()),
    "bad-chunk": (_CHECK.chunked_head() + b"zq00000\r\n", Close()),
}
_SLOW: Mapping[str, Answer] = {
    "silent": (Silence(),),
    "silent-in-body": (_CHECK.counted_head() + _CHECK.half(), Silence()),
    "slow-body": (_CHECK.counted_head(), Slowly(_CHECK.content, pause_s=0.1)),
    "endless-spaces": (_CHECK.head(), Endless(b" ", pause_s=0.1)),
}


def _output(name: str, answer: Answer, expect: Expectation, ways: Collection[Way] = _NOT_WHOLE) -> Scenario:
    return Scenario(f"output-{name}", lambda _: answer, expect, ways=ways, part=Part.OUTPUT_CHECK)


def _input(name: str, answer: Answer, expect: Expectation, ways: Collection[Way] = _NOT_WHOLE) -> Scenario:
    return Scenario(f"input-{name}", lambda _: answer, expect, ways=ways, part=Part.INPUT_CHECK)


def _outputs() -> Iterator[Scenario]:
    for name, document in _LETS_THROUGH.items():
        ways: Collection[Way] = way.ALL if name == "plain" else STREAMED
        yield _output(f"lets-through-{name}", _CHECK.of(to_json(document)), _RELEASED, ways)
    masked = verdict("GUARDRAIL_INTERVENED", "{NAME}", '{"city": "{NAME}"}', found="ANONYMIZED")
    yield _output("masks", _CHECK.of(to_json(masked)), COMPLETES, way.ALL)
    for name, document in _BLOCKS.items():
        ways = _NOT_WHOLE if name != "plain" else way.ALL
        made = _output(f"blocks-{name}", _CHECK.of(to_json(document)), _BLOCK, ways)
        yield replace(made, streamed=_BLOCK_AFTER_WORDS)
    for (name, document), asked in zip(_ODD_BLOCKS.items(), itertools.cycle(_NOT_WHOLE), strict=False):
        yield _output(f"blocks-{name}", _CHECK.of(to_json(document)), _SOME_BLOCK, (asked,))
    for name, content in _NO_VERDICTS.items():
        yield _output(f"no-verdict-{name}", _CHECK.of(content), _UNAVAILABLE, STREAMED)
    for name, answer in {**_FAILURES, **_PASSING, **_BROKEN}.items():
        yield _output(f"fails-{name}", answer, _UNAVAILABLE, STREAMED)
    yield _output("9MB", _9MB, _UNAVAILABLE)
    yield _output("throttled", error(429, to_json({"message": WORDS})), _UNAVAILABLE, way.ALL)
    yield _output("too-large", error(429, to_json(_TOO_LARGE)), _UNAVAILABLE)
    yield _output("too-large-400", error(400, to_json(_TOO_LARGE)), _UNAVAILABLE)
    for name, answer in _REFUSALS.items():
        yield _output(f"refused-{name}", answer, _NOT_ALLOWED, way.ALL)
    for name, answer in _SLOW.items():
        yield _output(f"late-{name}", answer, _LATE, STREAMED)
    yield _output("slow", (Pause(0.3), _CHECK.counted()), _RELEASED)


def _inputs() -> Iterator[Scenario]:
    for name, document in _LETS_THROUGH.items():
        yield _input(f"lets-through-{name}", _CHECK.of(to_json(document)), COMPLETES, STREAMED)
    for name, document in _BLOCKS.items():
        yield _input(f"blocks-{name}", _CHECK.of(to_json(document)), _BLOCK)
    # Both checks read a verdict in the same way.
    for name, document in itertools.islice(_ODD_BLOCKS.items(), 0, None, 3):
        yield _input(f"blocks-{name}", _CHECK.of(to_json(document)), _SOME_BLOCK, STREAMED)
    for name, content in itertools.islice(_NO_VERDICTS.items(), 0, None, 3):
        yield _input(f"no-verdict-{name}", _CHECK.of(content), INVALID, STREAMED)
    for name, answer in _FAILURES.items():
        yield _input(f"fails-{name}", answer, refused((400, 404, 418)), (Way.WHOLE,))
    for name, answer in _PASSING.items():
        yield _input(f"fails-{name}", answer, refused((500, 503)))
    for name, answer in _BROKEN.items():
        yield _input(f"fails-{name}", answer, BROKEN)
    for name, answer in _REFUSALS.items():
        yield _input(f"refused-{name}", answer, _NOT_ALLOWED)
    yield _input("9MB", _9MB, TOO_LARGE, STREAMED)
    yield _input("throttled", error(429, to_json({"message": WORDS})), refused(429))
    yield _input("too-large", error(429, to_json(_TOO_LARGE)), refused(429))
    yield _input("redirect", error(307, b"", b"Location: http://bedrock.example/zq00000"), INVALID)
    yield _input("204", head(b"HTTP/1.1 204 No Content"), INVALID, STREAMED)
    for name, answer in _SLOW.items():
        yield _input(f"late-{name}", answer, LATE, STREAMED)


SCENARIOS = (*_outputs(), *_inputs())
