"""The stack, deployed once to the local AWS, with a stand-in for Bedrock that echoes the prompt."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from openai import DefaultHttpxClient, OpenAI

from local.aws import emulator
from local.machine.paths import StateFolder
from local.stack.local_stack import LocalStack
from local.stack.start import deployed
from tests import quick_http
from tests.e2e import named_models, other_region
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.named_models import Fresh
from tests.e2e.other_region import OtherRegion
from tests.e2e.permissions import checking_emulator
from tests.e2e.standin import StandinControl

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

MODEL = "openai.gpt-oss-20b-1:0"
quick_start_of_http = quick_http.quick_start_of_http


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--permissions", action="store_true", help="The local AWS checks permissions.")


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    checks = request.config.getoption("--permissions", default=False)
    program = (checking_emulator.__file__,) if checks else emulator.PROGRAM
    state = StateFolder(tmp_path_factory.mktemp("local"))
    with deployed("echo", state=state, emulator_program=program) as stack:
        yield stack


@pytest.fixture(scope="module")
def emptied_queues(stack: LocalStack) -> None:
    """No job of another test waits or is in progress, and no result or dead letter of one is left."""
    sqs = stack.session().client("sqs")
    names: list[QueueAttributeNameType] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
    ]

    def has_jobs() -> bool:
        counts = sqs.get_queue_attributes(QueueUrl=stack.jobs_queue_url, AttributeNames=names)["Attributes"]
        return any(int(counts.get(name, 0)) for name in names)

    until = time.monotonic() + 60
    while has_jobs() and time.monotonic() < until:
        time.sleep(0.2)
    assert not has_jobs(), "another test's jobs do not end"
    for url in (stack.results_queue_url, stack.dead_letter_queue_url):
        sqs.purge_queue(QueueUrl=url)


@pytest.fixture
def standin(stack: LocalStack) -> Iterator[StandinControl]:
    """The stand-in's control side, with its counters at zero and nothing that waits for a request."""
    with StandinControl(stack.standin_url) as control:
        control.reset()
        control.forget_next()
        yield control


@pytest.fixture(scope="session")
def running_elsewhere(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherRegion]:
    """A stand-in for Bedrock of another region."""
    with other_region.running(stack, tmp_path_factory.mktemp("elsewhere")) as region:
        yield region


@pytest.fixture
def elsewhere(running_elsewhere: OtherRegion) -> OtherRegion:
    """The other region, with its stand-in's counters at zero."""
    running_elsewhere.standin.reset()
    running_elsewhere.standin.forget_next()
    return running_elsewhere


@pytest.fixture(scope="module")
def fresh(stack: LocalStack, running_elsewhere: OtherRegion) -> Iterator[Fresh]:
    """Both functions with model names of the environment. Gives an unused name of a kind."""
    with named_models.deployed(stack, running_elsewhere) as fresh:
        yield fresh


@pytest.fixture
def client(stack: LocalStack) -> Iterator[OpenAI]:
    """The OpenAI SDK as callers use it, making one attempt."""
    http = DefaultHttpxClient(trust_env=False)
    with OpenAI(base_url=stack.base_url, api_key=stack.api_key, max_retries=0, http_client=http) as client:
        yield client


@pytest.fixture(scope="module")
def sdk(stack: LocalStack) -> Iterator[OpenAI]:
    """The OpenAI SDK without a client's key, making one attempt."""
    http = DefaultHttpxClient(trust_env=False)
    with OpenAI(base_url=stack.base_url, api_key="-", max_retries=0, http_client=http) as client:
        yield client


@pytest.fixture
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    """Plain HTTP with the client's key, relative to the stage."""
    with httpx.Client(
        base_url=stack.base_url.removesuffix("/openai/v1"),
        headers={"authorization": f"Bearer {stack.api_key}", "content-type": "application/json"},
        timeout=30,
        trust_env=False,
    ) as client:
        yield client


@pytest.fixture(scope="module", params=["off", "all_text"])
def tagging(request: pytest.FixtureRequest, stack: LocalStack) -> Iterator[str]:
    """Both functions, deployed with one kind of tagging and then the other."""
    with variables_changed(stack, {"GUARDRAIL_TAGGING": request.param}):
        yield request.param
