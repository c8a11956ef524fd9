"""DynamoDB, which holds the counters of a client with limits, gives hostile answers; Bedrock is honest."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from chat_gateway.client_policies import windows
from tests.hostile_upstream import limited_client, way
from tests.hostile_upstream.honest import OK, Honest, error, head, to_json
from tests.hostile_upstream.markers import FOREIGN, WORDS
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import COMPLETES, Answer, Expectation, Scenario, refused
from tests.hostile_upstream.script import Close, Reset, Silence
from tests.hostile_upstream.way import Way

_DAY_S = 86_400
_NOT_WHOLE = (Way.STREAM, Way.JOB)
_REFUSAL = "com.amazonaws.dynamodb#ConditionalCheckFailedException"
_UNAVAILABLE = refused(503, "limits_unavailable")
_OVER, _USED_UP = refused(429, "rate_limit_exceeded"), refused(429, "insufficient_quota")

Item = Mapping[str, Any]


def _tokens(value: Any) -> Item:
    """Counters of the day's tokens, before and after midnight."""
    return {f"tokens_{windows.at(time.time() + s).day}": value for s in (0, _DAY_S)}


def _cost(value: Any) -> Item:
    """Counters of the month's cost, before and after its end."""
    return {f"cost_{windows.at(time.time() + s).month}": value for s in (0, _DAY_S)}


def _in_progress(*ids: str, expiry: Any) -> Item:
    return {"in_progress": {"M": dict.fromkeys(ids, expiry)}}


_MALFORMED: Mapping[str, Any] = {
    "null": None,
    "list": [WORDS],
    "text": WORDS,
    "tokens-text": _tokens({"S": WORDS}),
    "tokens-words": _tokens({"N": WORDS}),
    "tokens-null": _tokens(None),
    "tokens-list": _tokens([WORDS]),
    "tokens-infinite": _tokens({"N": "1E+999"}),
    "tokens-5000-digits": _tokens({"N": "9" * 5_000}),
    "tokens-number": _tokens({"N": 7}),
    "slots-text": {"in_progress": {"S": WORDS}},
    "slots-list": {"in_progress": {"M": [WORDS]}},
    "expiry-text": _in_progress(WORDS, expiry={"S": WORDS}),
    "expiry-words": _in_progress(WORDS, expiry={"N": WORDS}),
    "expiry-null": _in_progress(WORDS, expiry=None),
}
_RESERVED: Mapping[str, Item] = {
    "empty": {},
    "usual": {**_tokens({"N": "130"}), **_in_progress("0123456789abcdef", expiry={"N": "9999999999"})},
    "negative": _tokens({"N": "-7"}),
    "decimal": _tokens({"N": "7.5"}),
    "exponent": _tokens({"N": "1E+3"}),
    "huge": _tokens({"N": "-1E+125"}),
    "foreign-names": {f"{FOREIGN}{n}": {"S": WORDS} for n in range(20)},
    "expired": _in_progress(*(f"{FOREIGN}{n}" for n in range(60)), expiry={"N": "1"}),
}
_LIVE = [f"{WORDS}{n}" for n in range(limited_client.SLOTS)]
_REFUSED: Mapping[str, tuple[Item, Expectation]] = {
    "tokens": (_tokens({"N": "999999"}), _OVER),
    "tokens-exponent": (_tokens({"N": "1E+125"}), _OVER),
    "budget": (_cost({"N": "1000000000"}), _USED_UP),
    "slots": (_in_progress(*_LIVE, expiry={"N": "9999999999"}), _OVER),
    "slots-expired": (_in_progress(*_LIVE, expiry={"N": "1"}), _OVER),
    "for-no-reason": ({}, _OVER),
}
_CODES = {
    "foreign": FOREIGN,
    "throttled": "com.amazonaws.dynamodb#ThrottlingException",
    "denied": "com.amazonaws.dynamodb#AccessDeniedException",
    "invalid": "com.amazon.coral.validate#ValidationException",
}
_FAILURES: Mapping[str, Answer] = {
    **{f"code-{n}": error(400, to_json({"__type": v, "message": WORDS})) for n, v in _CODES.items()},
    "500": error(500, to_json({"__type": "com.amazonaws.dynamodb#InternalServerError", "message": WORDS})),
    "html": error(503, f"<html>{WORDS}</html>".encode()),
    "no-json": Honest(Way.JOB).of(WORDS.encode()),
    "no-object": Honest(Way.JOB).of(to_json([WORDS])),
    "closes": (Close(),),
    "resets": (Reset(),),
    "cut-off": (head(OK, b"Content-Length: 500") + b'{"Attributes"', Close()),
    "garbage": (f"{WORDS}\r\n\r\n".encode(), Close()),
}


def _of(
    part: Part, name: str, answer: Answer, expect: Expectation, ways: Collection[Way] = way.ALL
) -> Scenario:
    return Scenario(name, lambda _: answer, expect, ways=ways, part=part)


_reserving, _settling = partial(_of, Part.RESERVATION), partial(_of, Part.SETTLEMENT)


def _item(item: Any) -> bytes:
    """The answer to an update that was made."""
    return Honest(Way.JOB).of(to_json({"Attributes": item}))


def _refusal(**fields: Any) -> bytes:
    """The answer to an update whose condition does not hold."""
    return error(400, to_json({"__type": _REFUSAL, "message": WORDS, **fields}))


# Both functions read an item in the same way, so that each item is tried with one of them.
SCENARIOS = (
    *(_reserving(f"made-{n}", _item(item), COMPLETES, (Way.WHOLE,)) for n, item in _RESERVED.items()),
    *(_reserving(f"item-{n}", _item(v), _UNAVAILABLE, (Way.WHOLE,)) for n, v in _MALFORMED.items()),
    *(_reserving(f"refused-{n}", _refusal(Item=v), _UNAVAILABLE, (Way.JOB,)) for n, v in _MALFORMED.items()),
    *(
        _reserving(f"refused-{n}", _refusal(Item=v), end, way.NOT_STREAMED)
        for n, (v, end) in _REFUSED.items()
    ),
    _reserving("refused-without-item", _refusal(), _OVER),
    _reserving("made-without-item", Honest(Way.JOB).of(b"{}"), _UNAVAILABLE),
    *(_reserving(name, answer, _UNAVAILABLE, way.NOT_STREAMED) for name, answer in _FAILURES.items()),
    _reserving("silent", (Silence(),), _UNAVAILABLE, way.STREAMED),
    *(_settling(f"then-{name}", answer, COMPLETES, _NOT_WHOLE) for name, answer in _FAILURES.items()),
    _settling("then-refused", _refusal(), COMPLETES),
    _settling("then-null", Honest(Way.JOB).of(b"null"), COMPLETES),
)
