"""Every timeout agrees with those around it."""

from __future__ import annotations

from chat_gateway.settings import UpstreamSettings
from tests.infra.conftest import Synthesised


def test_bedrock_gives_up_before_the_function_and_the_function_before_the_api(stack: Synthesised) -> None:
    upstream_s = UpstreamSettings.from_env(stack.variables("api")).total_timeout_s
    function_s = stack.function("api")["Timeout"]
    api_s = [
        method["Integration"]["TimeoutInMillis"] / 1000
        for method in stack.resources("AWS::ApiGateway::Method").values()
    ]
    assert upstream_s < function_s < min(api_s) <= 29


def test_connecting_ends_long_before_the_whole_answer_must(stack: Synthesised) -> None:
    settings = UpstreamSettings.from_env(stack.variables("api"))
    assert settings.connect_timeout_s < settings.total_timeout_s / 2


def test_a_job_ends_before_its_worker_and_its_message_stays_hidden_six_times_as_long(
    stack: Synthesised,
) -> None:
    job_s = UpstreamSettings.from_env(stack.variables("worker")).total_timeout_s
    worker_s = stack.function("worker")["Timeout"]
    visibility_s = stack.one("AWS::SQS::Queue", "QueuesJobs")["VisibilityTimeout"]
    assert job_s < worker_s <= 900
    assert visibility_s >= 6 * worker_s
