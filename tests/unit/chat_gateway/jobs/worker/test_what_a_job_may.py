"""An environment's rules for HTTP requests also hold for jobs, and the log names a job's sender."""

from __future__ import annotations

import json
from io import StringIO

import httpx
import pytest

from chat_gateway.completions.allowed_models import AllowedModels
from tests.unit.chat_gateway.api_calls import COMPLETION
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, UseBedrock, again, line


def test_a_model_that_is_not_listed_is_not_asked(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A job for a model that the environment does not list gets an error line, and Bedrock is not asked."""
    use_bedrock(lambda _: pytest.fail("asked"), allowed_models=AllowedModels(["other.model"]))
    stack.work_on(line())
    (result,) = stack.results()
    assert result["error"]["code"] == "model_not_allowed"


def test_a_jobs_line_says_whose_it_is(stack: Stack, use_bedrock: UseBedrock, log: StringIO) -> None:
    """Log and record have the sender without its session; the log has the custom_id and the attempts."""
    use_bedrock(lambda _: httpx.Response(200, json=COMPLETION))
    stack.send(line(custom_id="job-7", body=VALID))
    records = stack.deliver(key="key-1", sender="AROAOWNER:session")
    stack.handle(again(records, attempt=3))
    (logged,) = [one for one in map(json.loads, log.getvalue().splitlines()) if one["message"] == "job"]
    said = {name: logged[name] for name in ("sender", "custom_id", "attempts", "receives")}
    assert said == {"sender": "AROAOWNER", "custom_id": "job-7", "attempts": 1, "receives": 3}
    assert stack.record("key-1")["sender"] == {"S": "AROAOWNER"}
