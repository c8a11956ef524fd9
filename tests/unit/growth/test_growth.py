"""Every reader of foreign bytes takes linear time: eight times the bytes take about eight times as long."""

from __future__ import annotations

import pytest

from tests.unit.growth import (
    by_model_name,
    from_bedrock,
    from_callers,
    from_callers_of_converse,
    from_converse,
)
from tests.unit.growth.coverage import functions_entered, functions_of, pure_modules
from tests.unit.growth.measure import Case, growth

# Other tests cover these lines, and the trace of them would take a fifth of the measured time.
pytestmark = [pytest.mark.no_cover, pytest.mark.deep]

# Linear is 8, quadratic 64.
ENOUGH = 20
CASES = [
    *from_callers.all_cases(),
    *from_callers_of_converse.all_cases(),
    *from_bedrock.all_cases(),
    *from_converse.all_cases(),
    *by_model_name.all_cases(),
]
MODULES_NOT_FED = {
    "jobs.delays": "computes with numbers",
    "completions.retry": "computes with numbers; retry_after reads the header",
    "aws.settings": "reads the environment variables of its own deployment",
    "bedrock.settings": "reads the environment variables of its own deployment",
    "client_policies.settings": "reads the environment variables of its own deployment",
    "core.variables": "reads the environment variables of its own deployment",
    "guardrail.settings": "reads the environment variables of its own deployment",
    "http_api.settings": "reads the environment variables of its own deployment",
    "jobs.batch_lines.settings": "reads the environment variables of its own deployment",
    "jobs.settings": "reads the environment variables of its own deployment",
    "service.settings": "reads the environment variables of its own deployment",
    "service.line_metrics": "counts fields of the gateway's own log line",
    "core.startup": "builds what its own deployment says",
    "aws.sigv4": "signs requests that the gateway itself has written",
}
FUNCTIONS_NOT_FED = {
    "http_api.http_request._too_large": "writes a number",
    "http_api.content_encoding.UnsupportedContentEncodingError.headers": "takes nothing",
    "http_api.cors.Cors.from_text": "reads an environment variable of its own deployment",
    "http_api.custom_domain.CustomDomain.from_env": "reads an environment variable of its own deployment",
    "http_api.custom_domain.CustomDomain.to_env": "writes an environment variable of its own deployment",
    "guardrail.rule.UpstreamRequest.shown_model": "takes nothing",
    "core.errors.InternalError.__init__": "takes nothing",
    "http1.body.Body.end": "is abstract",
    "http1.body.Body.feed": "is abstract",
    "jobs.outcomes.IdempotencyKeyConflictError.__init__": "takes nothing",
    "jobs.outcomes.InputFileMissingError.__init__": "takes nothing",
    "jobs.outcomes.JobNotBegunError.__init__": "takes an error and copies its status and code",
    "jobs.outcomes.NotRunError.__init__": "takes words of the gateway's own",
    "jobs.outcomes.WorkersDiedError.__init__": "takes nothing",
    "jobs.vetting.custom_id.main": "calls jobs.lines.readable_custom_id, which is fed",
    "jobs.vetting.custom_id.of": "waits for a child process, with a deadline",
    "jobs.vetting.rehearsal.limit_memory": "computes with a number",
    "jobs.vetting.rehearsal._rehearse": "calls jobs.lines.parse, readable_custom_id and guardrail.rule.apply, which are fed",
    "jobs.vetting.rehearsal._say_done": "writes a byte",
    "jobs.vetting.rehearsal.main": "reads standard input by the lengths that framed wrote",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_time_is_linear(case: Case) -> None:
    """Eight times the bytes take less than twenty times as long.

    A call that takes less than 20 ms with the largest input that the product accepts passes: it cannot delay a function.
    """
    ratio = growth(case, ENOUGH)
    assert ratio is None or ratio < ENOUGH


def test_pure_functions_are_fed() -> None:
    """A case calls every function of the pure modules, or the function is listed with the reason why not."""
    pure = pure_modules()
    assert MODULES_NOT_FED.keys() <= pure
    functions = set().union(*(functions_of(module) for module in pure - MODULES_NOT_FED.keys()))
    assert functions - functions_entered(CASES) == FUNCTIONS_NOT_FED.keys()
