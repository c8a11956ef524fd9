"""What must hold of every trial, each claim a function that yields what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks import aws_answers
from chat_gateway.completions import retry
from tests.hostile_upstream import answers, honest, limited_client, markers, memory, named_claims
from tests.hostile_upstream.answers import Got, UnreadableError
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import Expectation
from tests.hostile_upstream.trials import Observation, Seen, Trial
from tests.hostile_upstream.way import Way
from tests.log_checks import hunt, schema_check

_LONGEST_LINE_BYTES = 32 * 1024
_LONGEST_LIST, _LONGEST_STACK = 50, 20
_LONGEST_VALUE, _LONGEST_PRELUDE_BYTES = 1024, 8 * 1024
# None: Bedrock's own error behind a stream's head, whose caller does not see its status.
_STATUSES = frozenset({*range(400, 600), None})
# Of an error of the gateway's own, where its caller sees the code only, or nothing.
_STATUSES_OF_CODES: Mapping[str | None, int] = {
    "gateway_timeout": 504,
    "guardrail_unavailable": 502,
    "response_too_large": 502,
    "upstream_connection_error": 502,
    "upstream_invalid_response": 502,
    "internal_error": 500,
    "insufficient_quota": 429,
}
# Classes of errors: after the first two, the model may have answered; after the others, the key is read again.
_LOST = ("UpstreamConnectionError", "UpstreamTimeoutError")
_REFUSED = ("UpstreamAccessError", "UpstreamCredentialsError")
# Statuses of Bedrock's own errors after which the request is repeated.
_PASSING = frozenset({408, 424, 429, 500, 502, 503, 504, 529})
_PRINTABLE = re.compile(r"[ -~]*")
_MESSAGES = {Way.WHOLE: "chat completion", Way.STREAM: "chat completion", Way.JOB: "job"}


def broken(trial: Trial, seen: Observation) -> list[str]:
    """Every claim that the trial contradicts, in words."""
    return [
        *_answered(trial, seen.hostile),
        *_logged(trial, seen.hostile),
        *_next_answered(trial, seen.honest),
        *_counted(trial, seen),
        *_asked(trial, seen.hostile),
        *_named(trial, seen.hostile),
        *_in_memory(seen.hostile),
        *([] if seen.settled else ["connection: the function did not let go of it"]),
    ]


def _answered(trial: Trial, seen: Seen) -> Iterator[str]:
    """The caller gets a legitimate completion, or an error in OpenAI's shape."""
    try:
        got = answers.read(seen, trial.way)
    except UnreadableError as error:
        yield f"answer: {error}"
        return
    expected = trial.scenario.expected(trial.way)
    yield from (f"answer: {wrong}" for wrong in _unexpected(got, expected, trial, seen))
    yield from (f"log: {wrong}" for wrong in _misreported(got, trial.way, _line_of(trial, seen)))
    yield from (f"job: {wrong}" for wrong in _kept(got, trial))
    yield from (f"head: {wrong}" for wrong in _head(got))
    yield from (f"words: {wrong}" for wrong in _said(got))
    yield from (f"held: {wrong}" for wrong in _released(got, expected, trial, seen))


def _unexpected(got: Got, expected: Expectation, trial: Trial, seen: Seen) -> Iterator[str]:
    if got.error is None:
        if not expected.may_complete:
            yield f"a completion ({str(got.words)[:80]!r}), not an error"
        elif expected.words is not None and got.words != expected.words:
            yield f"the completion says {str(got.words)[:80]!r}"
        return
    status, code = _status_and_code(got, got.error, _line_of(trial, seen))
    if not expected.may_fail:
        yield f"an error ({status} {str(code)[:80]})"
    if status not in (expected.statuses or _STATUSES):
        yield f"the error's status is {status}, not {expected.statuses or '400 to 599'}"
    if expected.codes is not None and code not in expected.codes:
        yield f"the error's code is {str(code)[:80]}, not {expected.codes}"
    if code == "internal_error" and code not in (expected.codes or ()):
        yield "the gateway has a fault"


def _status_and_code(got: Got, error: dict[str, Any], line: dict[str, Any]) -> tuple[int | None, Any]:
    """The error's status and code, from the log line if nothing was answered."""
    is_answered = got.is_buried is None
    code = error["code"] if is_answered else line.get("error_code")
    status = got.status if is_answered else line.get("status")
    return (_STATUSES_OF_CODES.get(code) if status is None else status), code


def _misreported(got: Got, way: Way, line: dict[str, Any]) -> Iterator[str]:
    """The log line has the caller's status and the error's code."""
    if got.is_buried is not None:
        return
    code = None if got.error is None else got.error["code"]
    unseen = _STATUSES_OF_CODES.get(code) if way is Way.JOB else 200
    answered = (unseen if got.status is None else got.status), code
    logged = line.get("status"), line.get("error_code")
    if logged != answered:
        yield f"it says {logged} of {answered}"


def _kept(got: Got, trial: Trial) -> Iterator[str]:
    """A job without a result is delivered again, or becomes a dead letter if it cannot be."""
    if got.is_buried is not None and got.is_buried != trial.is_last_delivery:
        yield f"{'a' if got.is_buried else 'no'} dead letter at delivery {trial.receives}"


def _head(got: Got) -> Iterator[str]:
    """Header values are short and printable, and so is the whole head."""
    if len(got.prelude) > _LONGEST_PRELUDE_BYTES:
        yield f"it has {len(got.prelude)} bytes"
    for name, value in got.headers.items():
        if len(value) > _LONGEST_VALUE or not _PRINTABLE.fullmatch(value):
            yield f"{name} is {value[:80]!r} ({len(value)} characters)"
    if marks := markers.found(got.prelude.decode() + got.tells):
        yield f"it holds {marks}"
    if aws_answers.KEY in got.prelude.decode() + got.tells:
        yield "it holds our key"


def _said(got: Got) -> Iterator[str]:
    """An answer has none of our secrets and nothing that a guardrail matched; Bedrock's words are in a message only."""
    if aws_answers.KEY in got.body:
        yield "our key is in the answer"
    if marks := markers.matched(got.body):
        yield f"what the guardrail matched is in the answer: {marks}"
    if got.error and (marks := markers.found(json.dumps({**got.error, "message": ""}))):
        yield f"the error has {marks} outside its message"


def _released(got: Got, expected: Expectation, trial: Trial, seen: Seen) -> Iterator[str]:
    """Thoughts and arguments are released only if ApplyGuardrail was asked about them, and let them through."""
    marks = markers.held(got.body)
    if marks and not markers.held(seen.checked):
        yield "what was not checked is in the answer"
    if trial.scenario.part is Part.OUTPUT_CHECK and bool(marks) != (got.error is None and expected.releases):
        yield f"what the guardrail was asked about is {'' if marks else 'not '}in the answer"


def _logged(trial: Trial, seen: Seen) -> Iterator[str]:
    """There is one log line for the request; no line is too long or holds our key or foreign words."""
    yield from (f"log: {wrong}" for wrong in _lines(seen.exchange.log))
    count = len(_own_lines(trial.request_id, trial.way, seen))
    if count != 1:
        yield f"log: {count} lines of the request"


def _lines(log: str) -> Iterator[str]:
    if marks := markers.found(log):
        yield f"it holds {marks}: {_around(log, next(iter(marks)))}"
    if aws_answers.KEY in log:
        yield f"it holds our key: {_around(log, aws_answers.KEY)}"
    if others := [line for line in log.splitlines() if _parsed(line) is None]:
        yield f"{len(others)} lines are no JSON, as {others[0][:200]!r} and {others[-1][:200]!r}"
    for line in log.splitlines():
        if len(line.encode()) > _LONGEST_LINE_BYTES:
            yield f"a line has {len(line.encode())} bytes"
        yield from _long_lists(_parsed(line))
        yield from _unlike_the_schema(_parsed(line))


def _unlike_the_schema(line: Any) -> Iterator[str]:
    """A line has the fields of docs/logs.schema.json only, and no key or personal data."""
    if line is not None:
        yield from schema_check.wrong(line)
    if isinstance(line, dict):
        yield from hunt.found_in(line)


def _parsed(line: str) -> Any:
    """The line as JSON, None if the line is not JSON."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _around(log: str, words: str) -> str:
    at = log.index(words)
    return repr(log[max(0, at - 60) : at + 60])


def _long_lists(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _long_lists(inner, key)
    elif isinstance(value, list):
        most = _LONGEST_STACK if name == "fault_stack" else _LONGEST_LIST
        if len(value) > most:
            yield f"{name} has {len(value)} entries"
        for inner in value:
            yield from _long_lists(inner, name)


def _own_lines(request_id: str, way: Way, seen: Seen) -> list[dict[str, Any]]:
    """The lines about the request."""
    ids = {"request_id": request_id, "message": _MESSAGES[way]}
    lines = [line for line in map(_parsed, seen.exchange.log.splitlines()) if isinstance(line, dict)]
    return [line for line in lines if ids.items() <= line.items()]


def _line_of(trial: Trial, seen: Seen) -> dict[str, Any]:
    return next(iter(_own_lines(trial.request_id, trial.way, seen)), {})


def _next_answered(trial: Trial, seen: Seen) -> Iterator[str]:
    """The next request gets its own answer, and nothing of the scenario's."""
    yield from (f"next log: {wrong}" for wrong in _lines(seen.exchange.log))
    try:
        got = answers.read(seen, trial.way)
    except UnreadableError as error:
        yield f"next: {error}"
        return
    if got.error is not None or got.words != trial.next_words:
        yield f"next: {got.status} {got.body[:200]!r}"
    if markers.found(got.body + got.prelude.decode()):
        yield f"next: it holds words of this answer: {got.body[:200]!r}"


def _counted(trial: Trial, seen: Observation) -> Iterator[str]:
    """For a client with limits, Bedrock is not asked about a refused request, else once. The next request is counted."""
    if not trial.scenario.part.has_limits:
        return
    expected = int(trial.scenario.expected(trial.way).may_complete)
    if seen.hostile.asked != expected:
        yield f"limits: Bedrock was asked {seen.hostile.asked} times"
    updates = [
        call for call in seen.honest.calls if limited_client.is_update(call.operation, call.parameters)
    ]
    if len(updates) != limited_client.UPDATES:
        yield f"next limits: {len(updates)} updates"


def _asked(trial: Trial, seen: Seen) -> Iterator[str]:
    """Converse is asked at most as often as chat completions are: again only after a failure that may pass.

    A request that ApplyGuardrail did not let through never reaches the model. An answer that it did not let through has
    been paid for, so the model is not asked again.
    """
    if not trial.scenario.part.uses_converse:
        return
    try:
        got = answers.read(seen, trial.way)
    except UnreadableError:
        return  # which is told of elsewhere
    if trial.scenario.part is Part.INPUT_CHECK:
        most = int(got.words == honest.WORDS)
    else:
        most = 1 if trial.scenario.part is Part.OUTPUT_CHECK else _most_asked(got, trial, seen)
    if seen.asked > most:
        yield f"model: it was asked {seen.asked} times, not {most}"


def _named(trial: Trial, seen: Seen) -> Iterator[str]:
    """What must hold of a request by a model name."""
    if (name := trial.scenario.model_name) is None:
        return
    try:
        got = answers.read(seen, trial.way)
    except UnreadableError:
        return  # which is told of elsewhere
    line = _line_of(trial, seen)
    yield from (f"name: {wrong}" for wrong in named_claims.broken(name, trial.way, seen, got, line))


def _most_asked(got: Got, trial: Trial, seen: Seen) -> int:
    """How often the model may be asked for this answer."""
    if got.error is None:
        return 1
    line = _line_of(trial, seen)
    kind, (status, _) = line.get("error_class"), _status_and_code(got, got.error, line)
    if kind in _REFUSED:
        return 2
    policy = retry.FOR_JOBS if trial.way is Way.JOB else retry.FOR_CALLERS
    if kind in _LOST:
        return 1 + policy.paid_retries
    return 1 + policy.retries if kind == "UpstreamError" and status in _PASSING else 1


def _in_memory(seen: Seen) -> Iterator[str]:
    if seen.exchange.peak_mib > memory.MOST_MIB:
        yield f"memory: {seen.exchange.peak_mib:.0f} MiB"
