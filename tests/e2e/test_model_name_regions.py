"""Targets in another region, with the OpenAI SDK: each region's own guardrail is applied, and the key may not be valid there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from openai import OpenAI

from local.aws.guardrail_policy import BLOCKED_INPUT_MESSAGE, BLOCKED_WORD
from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.guardrail_bypasses import CHAT_PATH, IDENTIFIER, TRACE, VERSION
from tests.e2e.named_answers import ECHO, ask, error_of, log_of
from tests.e2e.named_models import (
    ELSEWHERE_FIRST,
    ELSEWHERE_LAST,
    FOREIGN_GUARDRAIL,
    NATIVE_FIRST,
    Fresh,
    asked_models,
    guardrails_of,
)
from tests.e2e.other_region import NAME as OTHER_REGION
from tests.e2e.other_region import OtherRegion
from tests.e2e.standin import StandinControl

QUESTION: Any = [{"role": "user", "content": f"Where do I buy {BLOCKED_WORD}?"}]
TOOL: Any = {
    "type": "function",
    "function": {"name": "f", "description": "d", "parameters": {"type": "object"}},
}


@pytest.mark.parametrize("streams", [False, True])
def test_target_elsewhere(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    elsewhere: OtherRegion,
    fresh: Fresh,
    streams: bool,
) -> None:
    """A target in another region gets that region's guardrail, and the log names both."""
    name = fresh(ELSEWHERE_FIRST)
    asked = ask(client, name.name, streams=streams)
    assert (asked.text, asked.models) == (ECHO, {name.name})
    assert asked_models(elsewhere.standin) == [name.first]
    assert standin.requests() == []
    assert guardrails_of(elsewhere.standin) == {elsewhere.guardrail.identifier}
    line = log_of(stack, asked)
    assert (line["target_model"], line["target_region"]) == (name.first, OTHER_REGION)
    assert line["guardrail"] == f"{elsewhere.guardrail.identifier}:{elsewhere.guardrail.version}"


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("kind", [ELSEWHERE_FIRST, ELSEWHERE_LAST])
def test_failover_between_regions(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    elsewhere: OtherRegion,
    fresh: Fresh,
    kind: str,
    streams: bool,
) -> None:
    """When a region fails, the other one answers under its own guardrail, and the log says which regions were tried."""
    name = fresh(kind)
    regions = [(standin, stack.guardrail_identifier), (elsewhere.standin, elsewhere.guardrail.identifier)]
    (first, own), (second, others) = regions if kind == ELSEWHERE_LAST else reversed(regions)
    with first.failing(name.first, {"status": 503}):
        asked = ask(client, name.name, streams=streams, tools=[TOOL])
    assert (asked_models(first), asked_models(second)) == ([name.first], [name.second])
    assert (guardrails_of(first), guardrails_of(second)) == ({own}, {others})
    line = log_of(stack, asked)
    assert line["guardrail"].partition(":")[0] == others
    assert line.get("target_region") == (OTHER_REGION if kind == ELSEWHERE_LAST else None)
    assert line["failed_targets"][0].get("region") == (None if kind == ELSEWHERE_LAST else OTHER_REGION)


@pytest.mark.parametrize("kind", [ELSEWHERE_FIRST, ELSEWHERE_LAST])
def test_guardrail_elsewhere_blocks(
    client: OpenAI, standin: StandinControl, elsewhere: OtherRegion, fresh: Fresh, kind: str
) -> None:
    """A blocked word is blocked by the other region's guardrail, on each route."""
    name = fresh(kind)
    with standin.failing(name.first, {"status": 503}):
        asked = ask(client, name.name, messages=QUESTION)
    assert asked.text == BLOCKED_INPUT_MESSAGE
    assert elsewhere.standin.counters()["generations"] == 0
    assert elsewhere.standin.counters()["guardrail_checks"] > 0


@pytest.mark.parametrize("kind", [ELSEWHERE_FIRST, ELSEWHERE_LAST])
def test_callers_guardrail_headers(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    elsewhere: OtherRegion,
    fresh: Fresh,
    kind: str,
) -> None:
    """A caller may repeat the environment's guardrail, and no region gets any guardrail but its own."""
    name = fresh(kind)
    own = {IDENTIFIER: stack.guardrail_identifier, VERSION: stack.guardrail_version, TRACE: "ENABLED"}
    with standin.failing(name.first, {"status": 503}):
        assert ask(client, name.name, extra_headers=own, messages=QUESTION).text == BLOCKED_INPUT_MESSAGE
    assert guardrails_of(standin) <= {stack.guardrail_identifier}
    assert guardrails_of(elsewhere.standin) == {elsewhere.guardrail.identifier}


@pytest.mark.parametrize("kind", [ELSEWHERE_FIRST, ELSEWHERE_LAST])
@pytest.mark.parametrize(
    "headers",
    [{IDENTIFIER: "other"}, {VERSION: "DRAFT"}, {IDENTIFIER: "other", VERSION: "1"}, {IDENTIFIER: ""}],
)
def test_changed_guardrail_headers(
    client: OpenAI,
    standin: StandinControl,
    elsewhere: OtherRegion,
    fresh: Fresh,
    headers: dict[str, str],
    kind: str,
) -> None:
    """A caller who names another guardrail is refused before any region is asked."""
    error = error_of(client, fresh(kind).name, extra_headers=headers)
    assert (error.status_code, error.code) == (403, "guardrail_override_not_allowed")
    assert standin.requests() == elsewhere.standin.requests() == []


@pytest.mark.parametrize("kind", [ELSEWHERE_FIRST, ELSEWHERE_LAST])
def test_guardrail_of_the_other_region_in_headers(
    stack: LocalStack,
    http: httpx.Client,
    standin: StandinControl,
    elsewhere: OtherRegion,
    fresh: Fresh,
    kind: str,
) -> None:
    """A caller who names the other region's guardrail is refused before any region is asked."""
    name = fresh(kind)
    others = {IDENTIFIER: elsewhere.guardrail.identifier, VERSION: elsewhere.guardrail.version}
    answer = http.post(CHAT_PATH, json={"model": name.name, "messages": QUESTION}, headers=others)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "guardrail_override_not_allowed"
    assert standin.requests() == elsewhere.standin.requests() == []


def test_guardrail_that_the_region_does_not_have(
    client: OpenAI, standin: StandinControl, elsewhere: OtherRegion, fresh: Fresh
) -> None:
    """A region that is given the home region's guardrail refuses it, and no model is asked without one."""
    name = fresh(FOREIGN_GUARDRAIL)
    assert error_of(client, name.name).status_code == 400
    assert asked_models(elsewhere.standin) == [name.first]
    assert elsewhere.standin.counters()["generations"] == standin.counters()["generations"] == 0


@contextmanager
def key_refused_by(stack: LocalStack, standin: StandinControl) -> Iterator[None]:
    """While the block runs, our key is not valid at this stand-in, as a short-term key of another region is not."""
    standin.accept_key("another key")
    try:
        yield
    finally:
        standin.accept_key(stack.bedrock_api_key)


@pytest.mark.parametrize("streams", [False, True])
def test_key_of_another_region(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    elsewhere: OtherRegion,
    fresh: Fresh,
    streams: bool,
) -> None:
    """A region that refuses the key is followed by the next target, and the log names the refusal, but not the key."""
    name = fresh(ELSEWHERE_FIRST)
    with key_refused_by(stack, elsewhere.standin):
        asked = ask(client, name.name, streams=streams)
    assert asked.text == ECHO
    assert asked_models(standin) == [name.second]
    line = log_of(stack, asked)
    (failed,) = line["failed_targets"]
    assert (failed["region"], failed["error_code"]) == (OTHER_REGION, "upstream_credentials_invalid")
    assert stack.bedrock_api_key not in json.dumps(line)
    assert elsewhere.standin.counters()["generations"] == 0


@pytest.mark.parametrize("streams", [False, True])
def test_last_region_refuses_the_key(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    elsewhere: OtherRegion,
    fresh: Fresh,
    streams: bool,
) -> None:
    """If the last target's region refuses the key, the caller gets an error, and the log has both targets."""
    name = fresh(ELSEWHERE_LAST)
    with key_refused_by(stack, elsewhere.standin), standin.failing(name.first, {"status": 529}):
        error = error_of(client, name.name, streams=streams)
    assert error.status_code == 529
    assert error.request_id is not None
    line = request_logs.chat_line(stack, error.request_id)
    codes = [failed.get("error_code") for failed in line["failed_targets"]]
    assert codes[1] == "upstream_credentials_invalid"
    assert (line["target_model"], line["target_region"]) == (name.second, OTHER_REGION)


@pytest.mark.parametrize("kind", [NATIVE_FIRST, ELSEWHERE_LAST])
def test_own_region_refuses_the_key(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    elsewhere: OtherRegion,
    fresh: Fresh,
    kind: str,
) -> None:
    """If the environment's own region refuses the key, no other target is asked: an operator must replace the key."""
    name = fresh(kind)
    with key_refused_by(stack, standin):
        error = error_of(client, name.name)
    assert (error.status_code, error.code) == (503, "upstream_credentials_invalid")
    assert set(asked_models(standin)) == {name.first}
    assert elsewhere.standin.requests() == []
    assert error.request_id is not None
    assert "the API key is not valid" in request_logs.chat_line(stack, error.request_id)["reason"]
