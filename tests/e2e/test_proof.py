"""`prove` on the deployed stack: it passes with the guardrail and fails without."""

from __future__ import annotations

from gateway_cli import proof
from gateway_cli.proof import Gateway
from local.guardrail import BLOCKED_WORD
from local.stack import LocalStack
from tests.e2e.conftest import MODEL


def gateway(stack: LocalStack) -> Gateway:
    return Gateway(base_url=stack.base_url, api_key=stack.api_key, model=MODEL, canary=BLOCKED_WORD)


def test_the_deployed_guardrail_is_proven_over_http_streamed_and_as_jobs(stack: LocalStack) -> None:
    queues = {"jobs_queue_url": stack.jobs_queue_url, "results_queue_url": stack.results_queue_url}
    probes = [*proof.over_http(gateway(stack)), *proof.as_jobs(gateway(stack), stack.session(), **queues)]
    assert len(probes) == 6
    assert [probe.says for probe in probes] == [None] * 6


def test_past_the_gateway_there_is_no_guardrail_and_the_proof_says_so(stack: LocalStack) -> None:
    past = Gateway(
        base_url=stack.upstream_url, api_key=stack.bedrock_api_key, model=MODEL, canary=BLOCKED_WORD
    )
    failed = [probe.name for probe in proof.over_http(past) if probe.says]
    assert failed == ["the canary, in one piece", "the canary, streamed"]
