"""No bypass of the enforced guardrail works: over HTTP, streamed or as a job. The last tests check this check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import OpenAI

from local.stack.local_stack import LocalStack
from tests.e2e import (
    batch_bypasses,
    batch_calls,
    bypass_checks,
    bypass_keys,
    bypass_requests,
    bypass_words,
    job_bypasses,
    raw_http,
)
from tests.e2e.bypass_checks import QUICK_WAYS, check, job, results, sent_by
from tests.e2e.clients_command import created
from tests.e2e.guardrail_bypasses import (
    BLOCKED,
    CONFIG,
    OVERRIDE,
    TAG,
    Bypass,
    body,
    bypasses,
)
from tests.e2e.standin import StandinControl
from tests.e2e.streaming_runtime import HANDLER, SOURCES, function_env, head_and_body, proxy_event
from tests.runtime_api import RuntimeApiServer, streaming_runtime

EACH_WAY = list(bypasses())
ONCE = [*bypass_keys.bypasses(), *bypass_requests.bypasses(), *bypass_words.bypasses()]
ENCODINGS, JOBS = list(bypass_requests.encodings()), list(job_bypasses.bypasses())


def test_350_ways_are_tried() -> None:
    """The tables hold as many bypasses as docs/guardrails.md says, and each has its own name."""
    names = [*(b.name for b in [*EACH_WAY, *ONCE, *ENCODINGS]), *(b.name for b in JOBS)]
    assert len(set(names)) == len(names) >= 350


@pytest.mark.parametrize(("tagging", "is_streamed"), QUICK_WAYS, indirect=["tagging"], scope="module")
@pytest.mark.parametrize("bypass", EACH_WAY, ids=lambda bypass: bypass.name)
def test_no_bypass_reaches_the_model(
    tagging: str, http: httpx.Client, standin: StandinControl, bypass: Bypass, is_streamed: bool
) -> None:
    """Each bypass gets the documented answer, and the word never reaches the model.

    This holds in one piece and streamed, with each way of tagging; `make chaos` has the other pairs of these.
    """
    bypass_checks.try_over_http(bypass, http, standin, tagging=tagging, is_streamed=is_streamed)


@pytest.mark.parametrize("tagging", ["all_text"], indirect=True)
@pytest.mark.parametrize("bypass", ONCE, ids=lambda bypass: bypass.name)
def test_other_spellings_fare_no_better(
    tagging: str, stack: LocalStack, standin: StandinControl, bypass: Bypass
) -> None:
    """Settings, words and tags in another spelling or place end as documented, under the enforced guardrail."""
    status, text = raw_http.send(stack, bypass)
    check(bypass, status, text, standin)
    if bypass.gets == BLOCKED:
        headers = sent_by(standin)["headers"]
        assert headers["x-amzn-bedrock-guardrailidentifier"] == stack.guardrail_identifier
        assert headers["x-amzn-bedrock-guardrailversion"] == stack.guardrail_version


@pytest.mark.usefixtures("emptied_queues")
def test_as_jobs_they_fare_no_better(tagging: str, stack: LocalStack, standin: StandinControl) -> None:
    """Each bypass that can be a job ends as documented, and the model is not asked."""
    tried = EACH_WAY if tagging == "off" else [*EACH_WAY, *ONCE]
    expected = {bypass.name: bypass.gets for bypass in tried if job(bypass) is not None}
    assert bypass_checks.as_jobs(stack, tried) == expected
    assert standin.counters()["generations"] == 0


@pytest.mark.usefixtures("emptied_queues")
@pytest.mark.parametrize("tagging", ["all_text"], indirect=True)
def test_what_surrounds_a_job_changes_nothing(
    tagging: str, stack: LocalStack, standin: StandinControl
) -> None:
    """Neither another field of a job's line nor an attribute of its message sets a guardrail."""
    sqs = stack.session().client("sqs")
    for bypass in JOBS:
        sqs.send_message(
            QueueUrl=stack.jobs_queue_url,
            MessageBody=bypass.line,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in bypass.attributes.items()
            },
        )
    assert results(stack, len(JOBS)) == {bypass.name: bypass.gets for bypass in JOBS}
    assert standin.counters()["generations"] == 0


@pytest.mark.usefixtures("emptied_queues")
@pytest.mark.parametrize("tagging", ["all_text"], indirect=True)
def test_as_lines_of_a_batch_they_fare_no_better(
    tagging: str, stack: LocalStack, sdk: OpenAI, standin: StandinControl
) -> None:
    """A few bypasses of each kind end as documented in a batch, and Bedrock gets the enforced guardrail each time."""
    owner = sdk.with_options(api_key=created(stack, "batch-of-bypasses"))
    tried = batch_bypasses.chosen([*EACH_WAY, *ONCE], JOBS)
    found = batch_bypasses.outcomes(owner, [line for line, _ in tried.values()])
    assert found == {name: gets for name, (_, gets) in tried.items()}
    assert set(found.values()) == {BLOCKED, OVERRIDE, TAG}
    assert standin.counters()["generations"] == 0
    requests = standin.requests()
    assert len(requests) == list(found.values()).count(BLOCKED)
    headers = [request["headers"] for request in requests]
    assert {sent["x-amzn-bedrock-guardrailidentifier"] for sent in headers} == {stack.guardrail_identifier}
    assert {sent["x-amzn-bedrock-guardrailversion"] for sent in headers} == {stack.guardrail_version}


@pytest.mark.usefixtures("emptied_queues")
def test_a_batch_with_a_line_for_another_path_is_not_begun(
    stack: LocalStack, sdk: OpenAI, standin: StandinControl
) -> None:
    """A batch whose lines name another path or method, or have two bodies, has an error for each of them."""
    owner = sdk.with_options(api_key=created(stack, "batch-of-paths"))
    lines = batch_bypasses.invalid(JOBS)
    batch = batch_calls.ended(owner, batch_calls.made(owner, batch_calls.whole(lines)))
    assert batch.errors is not None
    assert [error.line for error in batch.errors.data or []] == list(range(1, len(lines) + 1))
    assert (batch.status, standin.requests()) == ("failed", [])


@pytest.fixture(scope="module")
def guarded(stack: LocalStack) -> Iterator[RuntimeApiServer]:
    """The same function, called with events as API Gateway makes them."""
    with (
        RuntimeApiServer() as api,
        streaming_runtime(api, task_root=SOURCES, handler=HANDLER, env=function_env(stack)),
    ):
        yield api


@pytest.mark.parametrize("bypass", ENCODINGS, ids=lambda bypass: bypass.name)
def test_what_is_no_utf_8_is_refused(
    guarded: RuntimeApiServer, standin: StandinControl, bypass: Bypass
) -> None:
    """A body in another encoding is a 400, and so is UTF-8 with a character that only lenient readers accept."""
    head, answer = head_and_body(guarded.invoke(event(bypass)).answer())
    check(bypass, head["statusCode"], answer.decode(), standin)


@pytest.fixture(scope="module")
def unguarded(stack: LocalStack) -> Iterator[RuntimeApiServer]:
    """The same function with its enforcement removed."""
    env = {name: value for name, value in function_env(stack).items() if not name.startswith("GUARDRAIL_")}
    with RuntimeApiServer() as api, streaming_runtime(api, task_root=SOURCES, handler=HANDLER, env=env):
        yield api


def event(bypass: Bypass) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for name, value in bypass.headers:
        headers.setdefault(name, []).append(value)
    return proxy_event(bypass.body, resource=bypass.path, headers=headers)


@pytest.mark.parametrize(
    "bypass",
    [
        Bypass("nothing said", BLOCKED, body()),
        *(b for b in EACH_WAY if b.gets == BLOCKED and "tag suffix" not in b.name and CONFIG not in b.name),
        *(b for b in EACH_WAY if b.name.startswith(("key guardrail", "inside extra", "deep", "fullwidth"))),
        *(b for b in EACH_WAY if b.gets == TAG and "no suffix" in b.name),
        *(b for b in ONCE if b.name.startswith(("word in", "key in")) and b.gets in (BLOCKED, OVERRIDE)),
    ],
    ids=lambda bypass: bypass.name,
)
def test_with_enforcement_left_out_they_do_reach_the_model(
    unguarded: RuntimeApiServer, standin: StandinControl, bypass: Bypass
) -> None:
    """Without its enforcement, the function lets the same requests through to the model."""
    head, answer = head_and_body(unguarded.invoke(event(bypass)).answer())
    assert head["statusCode"] == 200, answer
    assert standin.counters()["generations"] == 1
    assert json.loads(answer)["choices"][0]["finish_reason"] != "content_filter"


def test_with_enforcement_left_out_a_tag_exempts_the_rest_of_the_prompt(
    stack: LocalStack, unguarded: RuntimeApiServer, standin: StandinControl
) -> None:
    """Without its enforcement, the function lets a caller's tag exempt the forbidden word from the guardrail."""
    own = [
        ("X-Amzn-Bedrock-GuardrailIdentifier", stack.guardrail_identifier),
        ("X-Amzn-Bedrock-GuardrailVersion", stack.guardrail_version),
    ]
    tagged = next(bypass for bypass in EACH_WAY if bypass.name == "tag as user")
    guarded = Bypass("its own guardrail, with tags", TAG, tagged.body, own)
    head, _ = head_and_body(unguarded.invoke(event(guarded)).answer())
    assert head["statusCode"] == 200
    assert standin.counters()["generations"] == 1
