"""A guardrail's record at any place and with any content: nobody may see the text that it matched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from benchmarks import aws_answers
from tests.hostile_upstream.honest import DONE, Honest, chunk_object, completion, error, event, to_json
from tests.hostile_upstream.markers import FOREIGN, MATCHED, WORDS
from tests.hostile_upstream.scenario import (
    COMPLETES,
    COMPLETES_SOMEHOW,
    Expectation,
    Scenario,
    completes,
    of_content,
    refused,
)
from tests.hostile_upstream.way import STREAMED, Way

_KEY, _ACTION = "amazon-bedrock-trace", "amazon-bedrock-guardrailAction"
_ENTRY: Mapping[str, Any] = {"name": "a name", "type": "DENY", "action": "BLOCKED", "match": MATCHED}


def _policies(*entries: Any, policy: str = "sensitiveInformationPolicy") -> dict[str, Any]:
    return {"guardrail": {"input": {"gr12345": {policy: {"piiEntities": list(entries)}}}}}


_TRACE = _policies(_ENTRY)
_TRACES: Mapping[str, Any] = {
    "plain": _TRACE,
    "output": {"guardrail": {"outputs": [{"gr12345": [{"wordPolicy": {"customWords": [_ENTRY]}}]}]}},
    "3000-findings": _policies(*[_ENTRY] * 3_000),
    "3000-policies": {
        "guardrail": {"input": {"gr12345": {f"p{n}Policy": {"a": [_ENTRY]} for n in range(3_000)}}}
    },
    "foreign-policy": _policies(_ENTRY, policy=f"{WORDS} Policy"),
    "long-policy": _policies(_ENTRY, policy=WORDS * 3_000 + "Policy"),
    "type-matched": _policies({**_ENTRY, "type": f"{MATCHED} & more"}),
    "type-object": _policies({**_ENTRY, "type": {"match": MATCHED}}),
    "type-list": _policies({**_ENTRY, "type": [MATCHED] * 99}),
    "type-8000": _policies({**_ENTRY, "type": MATCHED * 1_000}),
    "action-matched": _policies({**_ENTRY, "action": f"{MATCHED} & more"}),
    "action-object": _policies({**_ENTRY, "action": {"match": MATCHED}}),
    "name-object": _policies({**_ENTRY, "name": {"match": MATCHED}}),
    "name-list": _policies({**_ENTRY, "name": [MATCHED]}),
    "name-newline": _policies({**_ENTRY, "name": f"{MATCHED}\n<{MATCHED}>"}),
    "name-key": _policies({**_ENTRY, "name": aws_answers.KEY}),
    "type-key": _policies({**_ENTRY, "type": aws_answers.KEY}),
    "action-key": _policies({**_ENTRY, "action": aws_answers.KEY}),
    "policy-key": _policies(_ENTRY, policy=f"{aws_answers.KEY}Policy"),
    "word-name": _policies({**_ENTRY, "name": MATCHED}, policy="wordPolicy"),
    "source-foreign": {"guardrail": {MATCHED: {"gr12345": {"wordPolicy": {"a": [_ENTRY]}}}}},
    "string": MATCHED,
    "number": 17,
    "list": [_TRACE, MATCHED],
    "guardrail-string": {"guardrail": MATCHED},
    "guardrail-list": {"guardrail": [MATCHED]},
    "input-string": {"guardrail": {"input": MATCHED}},
    "input-list": {"guardrail": {"input": [MATCHED, [_TRACE]]}},
    "assessment-string": {"guardrail": {"input": {"gr12345": MATCHED}}},
    "policy-string": {"guardrail": {"input": {"gr12345": {"wordPolicy": MATCHED}}}},
    "policy-list": {"guardrail": {"input": {"gr12345": {"wordPolicy": [MATCHED]}}}},
    "entries-object": {"guardrail": {"input": {"gr12345": {"wordPolicy": {"a": {"match": MATCHED}}}}}},
    "entries-strings": _policies(MATCHED, 1, None),
    "model-output": {"guardrail": {"modelOutput": [MATCHED], "inputAssessment": {"a": MATCHED}}},
}
_ACTIONS: Mapping[str, Any] = {
    "none": "NONE",
    "foreign": FOREIGN,
    "list": [WORDS],
    "object": {"a": WORDS},
    "number": 1,
    "true": True,
}
_SPELLINGS = (
    "Amazon-Bedrock-Trace",
    "AMAZON-BEDROCK-TRACE",
    "amazon_bedrock_trace",
    "amazonBedrockTrace",
    "amazon-bedrock_Trace",
)


def _answer(honest: Honest, fields: Mapping[str, Any]) -> bytes:
    """A completion, or the last event of a stream, with these additional fields."""
    if honest.way is not Way.STREAM:
        return honest.of(to_json(completion(**fields)))
    return honest.of(
        event(chunk_object("Paris")) + event({**chunk_object(finish_reason="stop"), **fields}) + DONE
    )


def _on_top(name: str, fields: Mapping[str, Any], expect: Expectation = COMPLETES_SOMEHOW) -> Scenario:
    return Scenario(name, lambda honest: _answer(honest, fields), expect)


def _below(name: str, put: Mapping[str, Any], where: str) -> Scenario:
    """The fields are in the choice, or in its message or delta."""

    def answer(honest: Honest) -> bytes:
        streams = honest.way is Way.STREAM
        document = chunk_object("Paris") if streams else completion()
        choice = document["choices"][0]
        target = choice if where == "choice" else choice["delta" if streams else "message"]
        target.update(put)
        return honest.of(event(document) + DONE if streams else to_json(document))

    return Scenario(f"below-{where}-{name}", answer, COMPLETES_SOMEHOW)


def _events(name: str, *documents: Mapping[str, Any], expect: Expectation = COMPLETES_SOMEHOW) -> Scenario:
    content = b"".join(map(event, documents)) + DONE
    return of_content(f"events-{name}", content, expect, STREAMED)


def _hidden(name: str, text: str) -> Scenario:
    """The text, which a JSON reader drops, is before the last key of a completion or an event."""

    def answer(honest: Honest) -> bytes:
        document = chunk_object("Paris") if honest.way is Way.STREAM else completion()
        raw = to_json(document)[:-1] + f", {text}}}".encode()
        return honest.of(b"data: " + raw + b"\n\n" + DONE if honest.way is Way.STREAM else raw)

    return Scenario(f"repeated-key-{name}", answer, COMPLETES, streamed=completes("Paris"))


def _escaped_key(honest: Honest) -> bytes:
    """JSON may write the key's first letter as an escape."""
    plain = _answer(honest, {_KEY: _TRACE})
    length = len(plain.partition(b"\r\n\r\n")[2])
    escaped = plain.replace(b'"amazon-bedrock-trace"', rb'"\u0061mazon-bedrock-trace"')
    return escaped.replace(b"Content-Length: %d" % length, b"Content-Length: %d" % (length + 5))


SCENARIOS = (
    *(_on_top(name, {_KEY: trace, _ACTION: "INTERVENED"}) for name, trace in _TRACES.items()),
    *(_on_top(f"action-is-{name}", {_KEY: _TRACE, _ACTION: value}) for name, value in _ACTIONS.items()),
    *(_on_top(f"spelled-{number}", {name: _TRACE}) for number, name in enumerate(_SPELLINGS)),
    _on_top("blocked", {_KEY: _TRACE, "id": f"bedrock-guardrails-{WORDS}"}),
    _on_top("blocked-long-id", {_KEY: _TRACE, "id": "bedrock-guardrails-" + WORDS * 3_000}),
    _on_top("in-usage", {"usage": {"prompt_tokens": 1, _KEY: _TRACE}}),
    _on_top("plain-trace", {"trace": _TRACE}),
    _on_top("in-a-list", {"a": [{"b": [{_KEY: _TRACE}]}]}),
    _on_top("50-deep", {"a": json.loads('{"a":' * 50 + json.dumps({_KEY: _TRACE}) + "}" * 50)}),
    _on_top("in-itself", {_KEY: {_KEY: _TRACE}}),
    _hidden("trace", f'"{_KEY}": {json.dumps(_TRACE)}, "{_KEY}": null'),
    _hidden("above", f'"a": {json.dumps({_KEY: _TRACE})}, "a": 1'),
    _hidden("above-list", f'"a": [{json.dumps({_KEY: _TRACE})}], "a": []'),
    _hidden("in-choice", f'"b": {{"c": {json.dumps({_KEY: _TRACE})}, "c": 1}}'),
    Scenario("escaped-key", _escaped_key, COMPLETES_SOMEHOW),
    *(_below("trace", {_KEY: _TRACE, _ACTION: "INTERVENED"}, where) for where in ("choice", "message")),
    *(_below("trace-list", {"a": [{_KEY: _TRACE}]}, where) for where in ("choice", "message")),
    _events(
        "not-last",
        {**chunk_object("Paris"), _KEY: _TRACE},
        chunk_object(" again"),
    ),
    _events("every", *[{**chunk_object("x"), _KEY: _TRACE, _ACTION: "INTERVENED"}] * 200),
    _events(
        "every-200-findings",
        *[{**chunk_object("x"), _KEY: _policies(*[_ENTRY] * 200), _ACTION: "INTERVENED"}] * 50,
    ),
    _events("before-choices", {_KEY: _TRACE}, chunk_object("Paris")),
    _events("only-trace", {_KEY: _TRACE}),
    _events("on-usage", chunk_object("x"), {"choices": [], "usage": {"prompt_tokens": 1}, _KEY: _TRACE}),
    _events(
        "on-usage-masked",
        chunk_object("x"),
        {"choices": [], "usage": {"prompt_tokens": 1}, _KEY: _TRACE, _ACTION: "INTERVENED"},
    ),
    _events("beside-an-error", {"error": {"message": WORDS}, _KEY: _TRACE}, expect=refused(502, None)),
    _events(
        "in-an-error", {"error": {"message": WORDS, _KEY: _TRACE, "code": _TRACE}}, expect=refused(502, None)
    ),
    Scenario(
        "error",
        lambda _: error(400, to_json({"error": {"message": WORDS, _KEY: _TRACE}, _KEY: _TRACE})),
        refused(400),
    ),
    Scenario(
        "error-type-is-trace",
        lambda _: error(400, to_json({"error": {"message": WORDS, "type": _TRACE, "code": _TRACE}})),
        refused(400),
    ),
    Scenario(
        "deep",
        lambda honest: _answer(honest, {_KEY: json.loads("[" * 90 + "]" * 90)}),
        COMPLETES,
        streamed=completes("Paris"),
    ),
)
