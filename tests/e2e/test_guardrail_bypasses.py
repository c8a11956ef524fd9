"""No way around the enforced guardrail: over HTTP, streamed, as a job. And the check of the check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local import job_lines
from local.stack import LocalStack
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.guardrail_bypasses import BLOCKED, MALFORMED, OVERRIDE, TAG, Bypass, body, bypasses
from tests.e2e.standin import StandinControl
from tests.e2e.streaming_runtime import HANDLER, SOURCES, function_env, head_and_body, proxy_event
from tests.runtime_api import RuntimeApiServer, streaming_runtime

ALL = list(bypasses())
STATUS = {OVERRIDE: 403, TAG: 400, MALFORMED: 400, BLOCKED: 200}


def streamed(content: bytes) -> bytes:
    """The same request with `stream: true`, whatever else it is."""
    return content.replace(b'{"model"', b'{"stream": true, "model"', 1)


@pytest.fixture(scope="module", params=["off", "all_text"])
def tagging(request: pytest.FixtureRequest, stack: LocalStack) -> Iterator[str]:
    """Both functions, deployed with one way of tagging and then the other."""
    with variables_changed(stack, {"GUARDRAIL_TAGGING": request.param}):
        yield request.param


def test_at_least_sixty_ways_are_tried() -> None:
    assert len({bypass.name for bypass in ALL}) == len(ALL) >= 60


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("bypass", ALL, ids=lambda bypass: bypass.name)
def test_the_word_never_reaches_the_model_and_the_answer_is_the_documented_one(
    tagging: str, http: httpx.Client, standin: StandinControl, bypass: Bypass, is_streamed: bool
) -> None:
    content = streamed(bypass.body) if is_streamed else bypass.body
    headers = [*http.headers.multi_items(), *bypass.headers]
    answer = http.post(bypass.path, content=content, headers=headers)
    assert answer.status_code == STATUS[bypass.gets]
    assert standin.counters()["generations"] == 0
    if bypass.gets == BLOCKED:
        assert (b"guardContent_" in sent_by(standin)) is (tagging == "all_text")
        assert '"content_filter"' in answer.text.replace("'", '"')
    else:
        assert standin.requests() == []
        assert bypass.gets in (MALFORMED, answer.json()["error"]["code"])


def sent_by(standin: StandinControl) -> bytes:
    """The one body that reached the stand-in."""
    (request,) = standin.requests()
    return str(request["body_text"]).encode()


def job(bypass: Bypass) -> str | None:
    """The same as a job, where it can be one."""
    try:
        document = json.loads(bypass.body)
    except ValueError:
        return None
    if bypass.gets == MALFORMED or bypass.headers:
        return None
    line = {"custom_id": bypass.name, "method": "POST", "url": "/v1/chat/completions", "body": document}
    return json.dumps(line)


def test_as_jobs_they_fare_no_better(tagging: str, stack: LocalStack, standin: StandinControl) -> None:
    lines = {bypass.name: line for bypass in ALL if (line := job(bypass)) is not None}
    session = stack.session()
    job_lines.send(session, stack.jobs_queue_url, list(lines.values()))
    received = job_lines.receive(session, stack.results_queue_url, count=len(lines), within_s=60)
    results = {result["custom_id"]: result for result in map(json.loads, received)}
    assert results.keys() == lines.keys()
    assert standin.counters()["generations"] == 0
    for bypass in ALL:
        if bypass.name not in results:
            continue
        error = results[bypass.name]["error"]
        assert (BLOCKED if error is None else error["code"]) == bypass.gets, bypass.name


@pytest.fixture(scope="module")
def unguarded(stack: LocalStack) -> Iterator[RuntimeApiServer]:
    """The same function with its enforcement left out."""
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
        *(b for b in ALL if b.gets == BLOCKED and "tag suffix" not in b.name),
        *(b for b in ALL if b.name.startswith(("key guardrail", "inside extra", "deep", "fullwidth"))),
        *(b for b in ALL if b.gets == TAG and "no suffix" in b.name),
    ],
    ids=lambda bypass: bypass.name,
)
def test_with_enforcement_left_out_they_do_reach_the_model(
    unguarded: RuntimeApiServer, standin: StandinControl, bypass: Bypass
) -> None:
    head, answer = head_and_body(unguarded.invoke(event(bypass)).answer())
    assert head["statusCode"] == 200, answer
    assert standin.counters()["generations"] == 1
    assert json.loads(answer)["choices"][0]["finish_reason"] != "content_filter"


def test_with_enforcement_left_out_a_tag_exempts_the_rest_of_the_prompt(
    stack: LocalStack, unguarded: RuntimeApiServer, standin: StandinControl
) -> None:
    own = [
        ("X-Amzn-Bedrock-GuardrailIdentifier", stack.guardrail_identifier),
        ("X-Amzn-Bedrock-GuardrailVersion", stack.guardrail_version),
    ]
    tagged = next(bypass for bypass in ALL if bypass.name == "tag as user")
    guarded = Bypass("its own guardrail, with tags", TAG, tagged.body, own)
    head, _ = head_and_body(unguarded.invoke(event(guarded)).answer())
    assert head["statusCode"] == 200
    assert standin.counters()["generations"] == 1
