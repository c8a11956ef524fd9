"""What must hold of every request by a model name of two targets, each claim a function that yields what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.hostile_upstream import honest, markers
from tests.hostile_upstream.answers import Got
from tests.hostile_upstream.names import HOME_GUARDRAIL, REGION, REGIONS_GUARDRAIL, Name, Position
from tests.hostile_upstream.trials import Seen
from tests.hostile_upstream.way import Way

_REFUSED = ("UpstreamAccessError", "UpstreamCredentialsError")


def broken(name: Name, way: Way, seen: Seen, got: Got, line: Mapping[str, Any]) -> Iterator[str]:
    """Every claim that the answer `got` and its log line contradict, in words."""
    yield from _asked(seen, line)
    yield from _answered(seen, got)
    yield from _under_guardrail(seen)
    yield from _shown(name, way, got)
    yield from _logged(name, way, seen, got, line)


def _asked(seen: Seen, line: Mapping[str, Any]) -> Iterator[str]:
    """Each target is asked once, so that at most two answers are paid; the first again if the key was read again."""
    most = 2 if line.get("error_class") in _REFUSED else 1
    if seen.asked > most or seen.asked_elsewhere > 1:
        yield f"its targets were asked {seen.asked} and {seen.asked_elsewhere} times"


def _answered(seen: Seen, got: Got) -> Iterator[str]:
    """If the honest target was asked, the answer is its own, whole, and nothing of the other one's."""
    is_others = got.words == honest.OTHER_WORDS
    if is_others != bool(seen.asked_elsewhere):
        yield f"{seen.asked_elsewhere} requests elsewhere, and the answer is {str(got.words)[:80]!r}"
    if seen.asked_elsewhere and (marks := markers.found(got.body + got.prelude.decode())):
        yield f"the other target's answer holds {marks}"


def _under_guardrail(seen: Seen) -> Iterator[str]:
    """Every request of a model names the guardrail of its own region."""
    if seen.guardrails - {HOME_GUARDRAIL} or seen.guardrails_elsewhere - {REGIONS_GUARDRAIL}:
        yield f"the guardrails are {set(seen.guardrails)}, and elsewhere {set(seen.guardrails_elsewhere)}"


def _shown(name: Name, way: Way, got: Got) -> Iterator[str]:
    """The caller sees its own name for the model, in every event."""
    for document in _documents(way, got):
        if document.get("model") != name.text:
            yield f"the answer's model is {str(document.get('model'))[:80]!r}"


def _documents(way: Way, got: Got) -> Iterator[Mapping[str, Any]]:
    """The completion, or the chunks of a stream."""
    if way is Way.STREAM:
        lines = re.split(r"\r\n|\r|\n", got.body)
        events = (json.loads(line[6:]) for line in lines if line.startswith("data: {"))
        yield from (event for event in events if "error" not in event)
    elif got.error is None and got.is_buried is None:
        document = json.loads(got.body)
        yield document["response"]["body"] if way is Way.JOB else document


def _logged(name: Name, way: Way, seen: Seen, got: Got, line: Mapping[str, Any]) -> Iterator[str]:
    """The log line has the name, the target that was asked last, and each one that failed."""
    last = (name.honest.model, REGION) if seen.asked_elsewhere else (name.hostile.model, None)
    logged = line.get("target_model"), line.get("target_region")
    if (line.get("model"), logged) != (name.text, last):
        yield f"the line has {line.get('model')!r} and {logged}"
    failed = [target.get("model") for target in line.get("failed_targets", ())]
    if failed not in _right_failures(name, way, seen, got):
        yield f"the failed targets are {failed}"
    if any("skipped" in target for target in line.get("failed_targets", ())):
        yield "a target was left out"


def _right_failures(name: Name, way: Way, seen: Seen, got: Got) -> list[list[str]]:
    """The models of the targets that failed. The error of a stream that had begun is the line's own."""
    if name.position is not Position.FIRST or (got.error is None and not seen.asked_elsewhere):
        return [[]]
    may_have_begun = way is Way.STREAM and not seen.asked_elsewhere
    return [[name.hostile.model], *([[]] if may_have_begun else [])]
