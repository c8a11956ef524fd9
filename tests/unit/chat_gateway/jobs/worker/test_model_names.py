"""Jobs by a model name use the same targets as requests."""

from __future__ import annotations

import json

import httpx

from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, line
from tests.unit.chat_gateway.model_names.named_calls import (
    FIRST,
    GONE,
    SECOND,
    THROTTLED,
    Answer,
    Bedrock,
    named,
)


def by_name(custom_id: str = "job-1") -> str:
    return line(custom_id=custom_id, body={**VALID, "model": "fast"})


def use(stack: Stack, answers: dict[str, list[Answer]]) -> Bedrock:
    bedrock = Bedrock(answers)
    stack.change(completions=named(bedrock, FIRST, SECOND))
    return bedrock


def logged(stack: Stack) -> dict[str, object]:
    line: dict[str, object] = json.loads(stack.log.getvalue().splitlines()[-1])  # type: ignore[attr-defined]
    return line


def test_the_next_target_answers(stack: Stack) -> None:
    """A job whose first target is busy is answered by the second, under the name, and the log says so."""
    use(stack, {FIRST: [THROTTLED]})
    assert stack.work_on(by_name()) == set()
    (result,) = stack.results()
    assert result["response"]["body"]["model"] == "fast"
    assert (logged(stack)["model"], logged(stack)["target_model"]) == ("fast", SECOND)


def test_all_targets_are_busy(stack: Stack) -> None:
    """A job goes back into the queue if every target is busy, and the next job of the name is not begun."""
    bedrock = use(stack, {FIRST: [THROTTLED], SECOND: [THROTTLED]})
    stack.change(settings=stack.state.settings._replace(width=1))
    assert len(stack.work_on(by_name("a"), by_name("b"))) == 2
    assert set(bedrock.asked) == {FIRST, SECOND}
    assert not stack.results()


def test_one_busy_and_one_gone(stack: Stack) -> None:
    """A job is not failed for good because one target is gone while another is only busy."""
    use(stack, {FIRST: [THROTTLED], SECOND: [GONE]})
    assert len(stack.work_on(by_name())) == 1
    assert not stack.results()


def test_all_targets_are_gone(stack: Stack) -> None:
    """A job of which every target is gone has an error line with Bedrock's 404."""
    use(stack, {FIRST: [GONE], SECOND: [httpx.Response(404, json={"message": "no"})]})
    assert stack.work_on(by_name()) == set()
    (result,) = stack.results()
    assert result["response"]["status_code"] == 404
