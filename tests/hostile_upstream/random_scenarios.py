"""Scenarios from random changes of honest answers. The same seed gives the same scenarios."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.hostile_upstream.converse import (
    START,
    HonestConverse,
    Message,
    answer,
    called,
    message_stop,
    metadata,
    reasoning,
    thought,
    tool_use,
    words,
)
from tests.hostile_upstream.honest import (
    DONE,
    LAST_CHUNK,
    Honest,
    chunk,
    chunk_object,
    completion,
    event,
    to_json,
)
from tests.hostile_upstream.markers import FOREIGN, HELD, MATCHED, WORDS
from tests.hostile_upstream.names import Position
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import Answer, Expectation, Scenario
from tests.hostile_upstream.script import Close, Frames, Pause, Reset, Step
from tests.hostile_upstream.way import Way

# It is left to chance what is right. That it may be late ends its many retries soon.
_ANYHOW = Expectation(may_complete=True, may_fail=True, statuses=(*range(400, 600), None), words=None)
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**18, 10**300, "", " ", FOREIGN, f"{WORDS}\n{WORDS}", f"{WORDS}\ud800",
    WORDS * 300, [], {}, [FOREIGN], {"a": FOREIGN}, [[[[]]]], "\0", "data: [DONE]\n\n", "<reasoning>",
)  # fmt: skip
_STATUSES = (
    *(b"200",) * 60,
    *(b"400", b"401", b"403", b"404", b"418", b"429", b"500", b"503", b"529"),
    *(b"100", b"199", b"201", b"204", b"301", b"304", b"600", b"999", b"000", b"20", b"2000", b"zq0"),
)
_FIELDS = (
    b"x-amzn-requestid: zq00000 & more",
    b"x-amzn-requestid:",
    b"x-request-id: zq00000 & more",
    b"retry-after: 0",
    b"retry-after: zq00000 & more",
    b"retry-after: 1e308",
    b"content-encoding: gzip",
    b"connection: close",
    b"connection: keep-alive, zq00000",
    b"content-length: 5",
    b"content-length: 1000000",
    b"transfer-encoding: chunked",
    b"transfer-encoding: gzip",
    b"x-a: " + b"zq00000" * 3_000,
    b"x-a:\x01\x1b[31mzq00000",
    b"zq00000",
    b" folded: zq00000",
    b"x-amzn-errortype: zq00000 & more",
)
_TRACE = {
    "guardrail": {
        "input": {
            "gr": {"wordPolicy": {"customWords": [{"match": MATCHED, "action": "BLOCKED", "type": FOREIGN}]}}
        }
    }
}
_CONVERSE_TRACE = {"guardrail": {"outputAssessments": {"gr12345": [_TRACE["guardrail"]["input"]["gr"]]}}}
_BLOCKS = (reasoning(HELD), {"text": "Paris"}, tool_use({"city": HELD}))
_BEGIN = (
    START,
    thought(HELD),
    *words("In Paris.", index=1),
    *called(2),
    *called(3),
    message_stop("tool_use"),
)


def scenarios(seed: int, count: int) -> Iterator[Scenario]:
    """`count` scenarios, the same ones for the same seed. Every second one is of Converse, and every third pair by name."""
    kinds = itertools.product((None, None, Position.FIRST), (Part.BEDROCK, Part.CONVERSE))
    for number, (by_name, part) in zip(range(count), itertools.cycle(kinds), strict=False):
        answer = _answering(f"{seed}/{number}")
        yield Scenario(f"{seed}-{number}", answer, _ANYHOW, part=part, by_name=by_name)


def _answering(seed: str) -> Callable[[Honest], Answer]:
    return lambda honest: _answer(Random(f"{seed}/{honest.way.value}"), honest)  # noqa: S311 - no secret


def _answer(random: Random, honest: Honest) -> tuple[Step, ...]:
    if isinstance(honest, HonestConverse) and honest.way is Way.STREAM and random.random() < 0.7:
        pieces = _events(random, honest)
    else:
        pieces = _pieces(random, _framed(random, honest, _content(random, honest)))
    # An answer that may be unfinished must end, else the trial waits for its function's patience.
    return (*pieces, random.choice((Close(), Close(), Reset())))


def _pieces(random: Random, whole: bytes) -> Iterator[Step]:
    """The bytes in up to five pieces, with short pauses between them."""
    cuts = sorted(random.randrange(len(whole) + 1) for _ in range(random.randrange(5)))
    for begin, end in zip((0, *cuts), (*cuts, len(whole)), strict=True):
        yield whole[begin:end]
        yield Pause(random.random() / 50)


def _events(random: Random, honest: HonestConverse) -> Iterator[Step]:
    """The messages of a stream with distorted payloads, sometimes in another order, with short pauses between them."""
    yield honest.head()
    whole = (*_BEGIN, metadata(**_found(random)))
    messages = [_distorted_message(random, message) for message in whole]
    for _ in range(random.choice((0, 0, 1, 3))):
        messages.insert(random.randrange(len(messages)), messages.pop(random.randrange(len(messages))))
    for message in messages[: random.choice((len(messages), len(messages), random.randrange(len(messages))))]:
        yield Frames((message,))
        yield Pause(random.random() / 100)


def _found(random: Random) -> dict[str, Any]:
    """Sometimes a trace of Converse's."""
    return {"trace": _CONVERSE_TRACE} if random.random() < 0.3 else {}


def _distorted_message(random: Random, message: Message) -> Message:
    headers, payload = message
    return headers, payload if random.random() < 0.6 else to_json(_distorted(random, json.loads(payload)))


def _framed(random: Random, honest: Honest, content: bytes) -> bytes:
    """A head, often wrong, and the content, often with another length than the head says."""
    fields = random.sample(_FIELDS, random.choice((0, 0, 0, 0, 1, 2)))
    status = b"HTTP/1.1 " + random.choice(_STATUSES) + b" zq00000"
    kind = random.choice(("counted", "counted", "chunked", "chunked", "uncounted"))
    if kind == "counted":
        length = len(content) + random.choice((*(0,) * 12, -1, 1, 100))
        return honest.head(b"Content-Length: %d" % length, *fields, status=status) + content
    if kind == "chunked":
        head = honest.head(b"Transfer-Encoding: chunked", *fields, status=status)
        return head + _cut(random, b"".join(_chunks(random, content)) + LAST_CHUNK)
    return honest.head(*fields, status=status) + content


def _chunks(random: Random, content: bytes) -> Iterator[bytes]:
    while content:
        size = random.choice((1, 7, 100, 5_000))
        yield chunk(content[:size], random.choice((b"", b"", b"", b";a=zq00000")))
        content = content[size:]


def _cut(random: Random, data: bytes) -> bytes:
    """The data, and sometimes only its beginning."""
    return data[: random.randrange(len(data))] if random.random() < 0.05 else data


def _content(random: Random, honest: Honest) -> bytes:
    return random.choice((_document, _document, _distorted_bytes, _error))(random, honest)


def _error(random: Random, _: Honest) -> bytes:
    error = {"message": f"{WORDS} says no", "type": FOREIGN, "code": FOREIGN, "param": FOREIGN}
    return to_json(_distorted(random, {"error": error}))


def _document(random: Random, honest: Honest) -> bytes:
    """A completion, or the events of a stream, with values that do not belong there."""
    trace = {"amazon-bedrock-trace": _TRACE, "amazon-bedrock-guardrailAction": "INTERVENED"}
    added = trace if random.random() < 0.3 else {}
    if isinstance(honest, HonestConverse):
        document = answer(*_BLOCKS, stop_reason="tool_use", **_found(random))
        return honest.content if honest.way is Way.STREAM else to_json(_distorted(random, document))
    if honest.way is not Way.STREAM:
        return to_json(_distorted(random, completion(**added)))
    events = [event(_distorted(random, chunk_object("Paris", **added))) for _ in range(random.randrange(6))]
    noise = [
        b": zq00000\n\n",
        b"event: zq00000\n\n",
        b"\n",
        event({"error": {"message": WORDS}}),
        b"data: zq00000\n\n",
    ]
    events += random.sample(noise, random.choice((0, 0, 0, 1, 2)))
    random.shuffle(events)
    end = random.choice((b"\n", b"\n", b"\r\n", b"\r"))
    last = event(chunk_object(finish_reason="stop")) + random.choice((DONE, DONE, b""))
    return b"".join([*events, last]).replace(b"\n", end)


def _distorted(random: Random, document: dict[str, Any]) -> dict[str, Any]:
    """The document with up to three values replaced, at any place."""
    distorted = copy.deepcopy(document)
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        holder: Any = distorted
        while isinstance(holder, dict | list) and holder:
            key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            if not isinstance(holder[key], dict | list) or random.random() < 0.2:
                holder[key] = copy.deepcopy(random.choice(_VALUES))
                break
            holder = holder[key]
    return distorted


def _distorted_bytes(random: Random, honest: Honest) -> bytes:
    """The honest answer with bytes changed, removed, doubled or added."""
    content = bytearray(honest.content)
    for _ in range(random.randrange(1, 8)):
        at = random.randrange(len(content))
        change = random.randrange(4)
        if change == 0:
            content[at] = random.randrange(256)
        elif change == 1:
            del content[at : at + random.randrange(1, 30)]
        elif change == 2:
            content[at:at] = content[at : at + random.randrange(1, 100)]
        else:
            content[at:at] = random.choice((b"\0", b"\r", b"\n\n", b"\xff", b"data: ", b'"', b"{", b"]"))
    return bytes(content)
