"""Each timeout agrees with the timeouts around it."""

from __future__ import annotations

import pytest

from chat_gateway.http_api.settings import HttpSettings
from chat_gateway.jobs import records as job_records
from chat_gateway.jobs.settings import WorkerSettings
from chat_gateway.service.settings import UpstreamSettings
from tests.infra.conftest import Synthesised, resolved, synthesised


def api_timeouts_s(stack: Synthesised, function: str = "ChatFunction") -> list[float]:
    """API Gateway's timeouts on the routes of a function."""
    integrations = [method["Integration"] for method in stack.resources("AWS::ApiGateway::Method").values()]
    return [one["TimeoutInMillis"] / 1000 for one in integrations if function in resolved(one["Uri"])]


def test_timeouts_are_nested(stack: Synthesised) -> None:
    """The timeout for Bedrock ends before the function's, and the function's before API Gateway's."""
    answer_s = UpstreamSettings.from_env(stack.variables("api")).total_timeout_s
    stream_s = HttpSettings.from_env(stack.variables("api")).stream_timeout_s
    function_s = stack.function("api")["Timeout"]
    assert answer_s <= stream_s < function_s < min(api_timeouts_s(stack))


def test_the_resources_function_ends_first(stack: Synthesised) -> None:
    """It ends before API Gateway's timeout, so that the log says why."""
    assert stack.function("resources")["Timeout"] < min(api_timeouts_s(stack, "ResourcesFunction"))


def test_streams_have_fifteen_minutes(
    deployed_stack: Synthesised,
) -> None:
    """A stream has 15 minutes, and a buffered answer ends before API Gateway cuts a silent connection."""
    assert set(api_timeouts_s(deployed_stack)) == {900}
    assert UpstreamSettings.from_env(deployed_stack.variables("api")).total_timeout_s < 300


def test_where_nothing_streams_the_api_keeps_its_29_seconds() -> None:
    for function in ("ChatFunction", "ResourcesFunction"):
        assert max(api_timeouts_s(synthesised("local"), function)) <= 29


def test_connecting_ends_long_before_the_whole_answer_must(stack: Synthesised) -> None:
    settings = UpstreamSettings.from_env(stack.variables("api"))
    assert settings.connect_timeout_s < settings.total_timeout_s / 2


@pytest.mark.parametrize("function", ["api", "worker"])
def test_each_part_of_a_call_has_a_time_of_its_own_within_the_whole(
    stack: Synthesised, function: str
) -> None:
    settings = UpstreamSettings.from_env(stack.variables(function))
    assert settings.connect_timeout_s < settings.between_bytes_timeout_s < settings.total_timeout_s
    assert settings.first_byte_timeout_s <= settings.total_timeout_s


def test_a_job_is_hidden_while_its_worker_may_live(stack: Synthesised) -> None:
    """The queue hides a job until its worker's claim has ended, and for hardly longer: then a dead worker's jobs come back."""
    job_s = UpstreamSettings.from_env(stack.variables("worker")).total_timeout_s
    worker_s = stack.function("worker")["Timeout"]
    visibility_s = stack.one("AWS::SQS::Queue", "QueuesJobs")["VisibilityTimeout"]
    window_s = stack.one("AWS::Lambda::EventSourceMapping", "JobWorker").get(
        "MaximumBatchingWindowInSeconds", 0
    )
    assert job_s < worker_s <= 900
    claim_s = worker_s + job_records._SKEW_S
    assert window_s + claim_s + 5 <= visibility_s <= window_s + claim_s + 10


def test_jobs_have_time_for_an_answer(
    stack: Synthesised,
) -> None:
    """A job begun first has its whole timeout, and each job that is begun has time for an expected answer."""
    settings = WorkerSettings.from_env(stack.variables("worker"))
    job_s = UpstreamSettings.from_env(stack.variables("worker")).total_timeout_s
    assert stack.function("worker")["Timeout"] - settings.ending_s >= job_s
    assert settings.least_time_s <= job_s / 2


def test_dead_letters_come_before_retention_ends(stack: Synthesised) -> None:
    """A job becomes a dead letter before SQS deletes it, even if every worker dies."""
    queue = stack.one("AWS::SQS::Queue", "QueuesJobs")
    settings = WorkerSettings.from_env(stack.variables("worker"))
    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    assert receives == settings.max_receives
    assert receives * queue["VisibilityTimeout"] <= settings.give_up_after_s
    assert settings.give_up_after_s < queue["MessageRetentionPeriod"] < settings.record_kept_s
