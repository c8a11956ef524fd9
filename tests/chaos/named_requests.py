"""Requests by model names while their targets fail at random, and what the stand-in and the log say about each request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from openai import APIError, APIStatusError, OpenAI

from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.limited_team import becomes
from tests.e2e.named_models import Name, model_of
from tests.e2e.standin import StandinControl

# Longer than a target may take for its first byte, if another one can follow.
_LATE_S = 3
FAULTS: list[dict[str, Any]] = [
    {"status": 429},
    {"status": 429, "retry_after": 1},
    {"status": 500},
    {"status": 503},
    {"status": 529},
    {"status": 404, "message": "This model version has reached the end of its life."},
    {"delay_s": _LATE_S},
    {"generating_s": _LATE_S},
    {"drop": "before_generating"},
    {"drop": "after_generating"},
    {"body": "garbage"},
    {"cut_after_events": 0},
    {"cut_after_events": 2},
    {"error_event_after": 2},
]
_THREADS = 8
# Bedrock may have generated, and charged for, an answer that ended so.
_MAY_BE_PAID = frozenset({502, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the SDK: refused with a status, cut off in its stream, or answered."""

    number: int
    name: Name
    ending: Literal["answered", "refused", "broken off"]
    request_id: str
    text: str = ""
    models: frozenset[str] = frozenset()
    status: int = 200

    @property
    def prompt(self) -> str:
        """What was asked."""
        return prompt(self.number)


@dataclass(frozen=True, slots=True)
class Account:
    """A call, the requests that the stand-in got for it, and its log line."""

    call: Call
    asked: list[dict[str, Any]]
    line: dict[str, Any]

    @property
    def generated(self) -> list[dict[str, Any]]:
        """The requests for which an answer was generated, and so perhaps charged."""
        return [request for request in self.asked if request["generated"]]


def prompt(number: int) -> str:
    """A prompt that no other call has."""
    return f"({number}) where do I buy an umbrella?"


def make(client: OpenAI, numbered: Iterable[tuple[int, Name]]) -> list[Call]:
    """The ends of the calls, several at once. Raises if one ends in neither an answer nor an error with a status."""
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(lambda call: _call(client, *call), numbered))


def _call(client: OpenAI, number: int, name: Name) -> Call:
    streams = number % 2 == 0
    try:
        raw = client.chat.completions.with_raw_response.create(
            model=name.name, messages=[{"role": "user", "content": prompt(number)}], stream=streams
        )
    except APIStatusError as error:
        return Call(
            number=number,
            name=name,
            ending="refused",
            request_id=error.request_id or "",
            status=error.status_code,
        )
    pieces, ending = _pieces(raw.parse(), streams=streams)
    return Call(
        number=number,
        name=name,
        ending=ending,
        request_id=raw.headers["x-request-id"],
        text="".join(_text(piece) for piece in pieces),
        models=frozenset(piece.model for piece in pieces),
    )


def _pieces(answer: Any, *, streams: bool) -> tuple[list[Any], Literal["answered", "broken off"]]:
    """The chunks that came, or the one answer, and how it ended."""
    if not streams:
        return [answer], "answered"
    pieces: list[Any] = []
    try:
        pieces.extend(answer)
    except APIError:
        return pieces, "broken off"
    return pieces, "answered"


def _text(piece: Any) -> str:
    (choice,) = piece.choices
    part = choice.message if hasattr(choice, "message") else choice.delta
    return part.content or ""


def accounts(stack: LocalStack, standins: Sequence[StandinControl], calls: Sequence[Call]) -> list[Account]:
    """What became of each call. No other requests may have reached the stand-ins since their counters were reset."""
    becomes(0, lambda: sum(standin.counters()["in_flight"] for standin in standins))
    requests = [request for standin in standins for request in standin.requests()]
    assert len(requests) == sum(standin.counters()["requests"] for standin in standins)
    logged = _log_lines(stack, {call.request_id for call in calls})
    found = []
    for call in calls:
        asked = [request for request in requests if call.prompt in request["body_text"]]
        found.append(Account(call, asked, logged[call.request_id]))
    assert sum(len(account.asked) for account in found) == len(requests)
    return found


def _log_lines(stack: LocalStack, request_ids: set[str]) -> dict[str, dict[str, Any]]:
    """The log lines of the requests, which are written after their answers."""
    found: dict[str, dict[str, Any]] = {}

    def missing() -> set[str]:
        lines = request_logs.lines(stack.session(), stack.chat_log_group)
        found.update({line["request_id"]: line for _, line in lines if line.get("request_id") in request_ids})
        return request_ids - found.keys()

    becomes(set(), missing)
    return found


def check(account: Account, guardrails: frozenset[str]) -> None:
    """Asserts that the caller got an answer or an honest error, and that the log explains each generated answer."""
    call, line = account.call, account.line
    assert line["status"] == (call.status if call.ending == "refused" else 200), account
    assert line["guardrail"].partition(":")[0] in guardrails, account
    failed = [target for target in line.get("failed_targets", ()) if not target.get("skipped")]
    tried = {line["target_model"], *(target["model"] for target in failed)}
    assert {model_of(request) for request in account.asked} == tried, account
    assert len(account.generated) <= 2, account
    shown = _answered(account) if call.ending != "refused" else _broken(account)
    assert shown or call.status in {target["status"] for target in failed}, account
    _check_paid(account, [request for request in account.generated if request not in shown], failed)


def _answered(account: Account) -> list[dict[str, Any]]:
    """The one request whose answer the caller got. Asserts that the answer is that of the log's target."""
    call, line = account.call, account.line
    assert call.models == {call.name.name}, account
    assert f"echo: {call.prompt}".startswith(call.text), account
    assert call.ending == "broken off" or call.text == f"echo: {call.prompt}", account
    (answered,) = [r for r in account.asked if r["request_id"] == line["bedrock_request_id"]]
    assert (model_of(answered), answered["status"]) == (line["target_model"], 200), account
    assert answered["generated"], account
    return [answered]


def _broken(account: Account) -> list[dict[str, Any]]:
    """The request whose stream broke before its first event, if that is the caller's error: the log names it."""
    id_ = account.line.get("bedrock_request_id")
    return [r for r in account.asked if id_ is not None and r["request_id"] == id_ and r["status"] == 200]


def _check_paid(account: Account, lost: list[dict[str, Any]], failed: list[dict[str, Any]]) -> None:
    """Each generated answer that the caller did not get belongs to a failure that the log has."""
    explained = {target["model"] for target in failed if target["status"] in _MAY_BE_PAID}
    if account.line["upstream_attempts"] > len(failed):  # the last target was asked again
        explained.add(account.line["target_model"])
    assert {model_of(request) for request in lost} <= explained, account
