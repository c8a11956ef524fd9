"""No reader of foreign bytes takes more than linear time: eight times the bytes take about eight times as long."""

from __future__ import annotations

import pytest

from tests.unit.growth import from_bedrock, from_callers
from tests.unit.growth.coverage import functions_entered, functions_of, pure_modules
from tests.unit.growth.measure import Case, growth

# Linear is 8, quadratic 64.
ENOUGH = 20
CASES = [*from_callers.all_cases(), *from_bedrock.all_cases()]
MODULES_NOT_FED = {
    "job_delays": "computes with numbers",
    "retry": "computes with numbers; retry_after reads the header",
    "settings": "reads the environment variables of its own deployment",
    "sigv4": "signs requests that the gateway itself has written",
}
FUNCTIONS_NOT_FED = {
    "entrypoints.proxy_event._too_large": "writes a number",
    "errors.InternalError.__init__": "takes nothing",
    "http_body.Body.end": "is abstract",
    "http_body.Body.feed": "is abstract",
    "job_outcomes.IdempotencyKeyConflictError.__init__": "takes nothing",
    "job_outcomes.JobNotBegunError.__init__": "takes an error and copies its status and code",
    "job_outcomes.WorkersDiedError.__init__": "takes nothing",
    "job_rehearsal._limit_memory": "computes with a number",
    "job_rehearsal._rehearse": "calls jobs.parse, readable_custom_id and guardrails.guarded, which are fed",
    "job_rehearsal._say_done": "writes a byte",
    "job_rehearsal.main": "reads standard input by the lengths that job_rehearsal.framed wrote",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_time_is_linear(case: Case) -> None:
    """Eight times the bytes take less than twenty times as long.

    A call that takes less than 20 ms with as many bytes as the product lets in passes: it cannot hold a function up.
    """
    ratio = growth(case, ENOUGH)
    assert ratio is None or ratio < ENOUGH


def test_pure_functions_are_fed() -> None:
    """Every function of the pure modules is entered by a case, or named with the reason why it needs not be."""
    pure = pure_modules()
    assert MODULES_NOT_FED.keys() <= pure
    functions = set().union(*(functions_of(module) for module in pure - MODULES_NOT_FED.keys()))
    assert functions - functions_entered(CASES) == FUNCTIONS_NOT_FED.keys()
