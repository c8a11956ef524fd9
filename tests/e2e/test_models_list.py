"""The list of models, as clients read it from the deployed stack."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from openai import APIStatusError, OpenAI
from openai.types import Model

from gateway_cli import stack_outputs
from local.aws.deployment import ENVIRONMENT_NAME
from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.clients_command import created, succeeded
from tests.e2e.conftest import MODEL
from tests.e2e.deployed_functions import RESOURCES, variables_changed

# The emulator's account has these.
HAIKU, LLAMA = "anthropic.claude-3-haiku-20240307-v1:0", "meta.llama3-1-8b-instruct-v1:0"
HAIKU_ARN = f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}"
NAMES = f'{{"fast":[["{MODEL}"]],"meta-llama/Llama-3":[["us.{LLAMA}"],["{HAIKU}"]]}}'
WITHIN_S = 30


@pytest.fixture(params=["/openai/v1", "/v1"])
def at_prefix(client: OpenAI, stack: LocalStack, request: pytest.FixtureRequest) -> OpenAI:
    """The SDK with either base URL."""
    return client.with_options(base_url=stack.base_url.removesuffix("/openai/v1") + request.param)


@pytest.fixture
def named(stack: LocalStack) -> Iterator[None]:
    """The function's environment has names for models."""
    with variables_changed(stack, {"MODEL_NAMES": NAMES}, [RESOURCES]):
        yield


def listed(client: OpenAI) -> list[str]:
    return [model.id for model in client.models.list()]


def refusal(client: OpenAI, model: str | None = None) -> str | None:
    """Status and code of the error that a list or a model gets; None for an answer."""
    try:
        client.models.list() if model is None else client.models.retrieve(model)
    except APIStatusError as error:
        return f"{error.status_code} {error.code}" if error.request_id else "no request id"
    return None


def becomes(expected: str | None, client: OpenAI) -> None:
    """Polls until API Gateway's cache of the earlier decision is over."""
    deadline = time.monotonic() + WITHIN_S
    while (got := refusal(client)) != expected:
        assert time.monotonic() < deadline, got
        time.sleep(0.2)


def test_the_sdk_lists_models(at_prefix: OpenAI) -> None:
    """The SDK's types read each model strictly. Models that write no text are not listed."""
    models = at_prefix.models.list().data
    for model in models:
        Model.model_validate(model.model_dump(), strict=True)
    ids = [model.id for model in models]
    assert {HAIKU, f"us.{HAIKU}", LLAMA} <= set(ids)
    assert len(set(ids)) == len(ids)
    assert not [id_ for id_ in ids if "embed" in id_]


@pytest.mark.parametrize("model", [HAIKU, f"eu.{HAIKU}", HAIKU_ARN])
def test_the_sdk_retrieves_a_model(at_prefix: OpenAI, model: str) -> None:
    """An id with a colon and an ARN with a slash are found under both prefixes."""
    found = at_prefix.models.retrieve(model)
    assert (found.id, found.object, found.owned_by) == (model, "model", "anthropic")


@pytest.mark.usefixtures("named")
def test_the_environments_names(at_prefix: OpenAI) -> None:
    """They come first, and are retrieved like ids. What is known of all targets is said."""
    assert listed(at_prefix)[:2] == ["fast", "meta-llama/Llama-3"]
    name = at_prefix.models.retrieve("meta-llama/Llama-3")
    assert (name.id, name.owned_by) == ("meta-llama/Llama-3", "gateway")
    assert name.model_extra == {"context_length": 128_000}


def test_names_only(stack: LocalStack, client: OpenAI) -> None:
    """An environment whose callers may use names only lists nothing else."""
    with variables_changed(stack, {"MODEL_NAMES": NAMES, "MODEL_NAMES_ONLY": "true"}, [RESOURCES]):
        assert listed(client) == ["fast", "meta-llama/Llama-3"]
        assert refusal(client, HAIKU) == "404 model_not_found"


def test_the_environments_models(stack: LocalStack, client: OpenAI) -> None:
    """An environment that lists its models offers these, and no others of the account."""
    with variables_changed(stack, {"UPSTREAM_MODELS": f"{MODEL},{HAIKU_ARN}"}, [RESOURCES]):
        assert listed(client) == [MODEL, HAIKU]
        assert client.models.retrieve(HAIKU_ARN).id == HAIKU_ARN
        assert refusal(client, LLAMA) == "404 model_not_found"


@pytest.mark.parametrize("model", ["gpt-5", "a/b:c", "arn:aws:bedrock:us-east-1::foundation-model/x.y"])
def test_an_unknown_model(client: OpenAI, model: str) -> None:
    """It gets OpenAI's 404."""
    assert refusal(client, model) == "404 model_not_found"


def test_a_client_sees_its_own_models(stack: LocalStack, sdk: OpenAI) -> None:
    """A client that may use one model sees one. The others do not exist for it."""
    client = sdk.with_options(api_key=created(stack, "one-model", "--model", HAIKU))
    assert listed(client) == [HAIKU]
    assert refusal(client, HAIKU) is None
    assert refusal(client, LLAMA) == "404 model_not_found"


def test_who_may_list(stack: LocalStack, sdk: OpenAI) -> None:
    """A wrong key and a suspended client get 401."""
    assert refusal(sdk.with_options(api_key=f"bcg-{'k' * 43}")) == "401 invalid_api_key"
    client = sdk.with_options(api_key=created(stack, "suspended-lister"))
    assert refusal(client) is None
    succeeded(stack, "suspend", "suspended-lister", "--yes")
    becomes("401 invalid_api_key", client)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/models", f"/openai/v1/models/{HAIKU}"])
def test_other_methods(http: httpx.Client, method: str, path: str) -> None:
    """Models are only read."""
    answer = http.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["x-request-id"]


def test_the_request_is_logged(stack: LocalStack, client: OpenAI) -> None:
    """Each request has one line, with its ids and what became of it."""
    answer = client.models.with_raw_response.list(extra_headers={"X-Client-Request-Id": "trace-7"})
    assert answer.headers["x-client-request-id"] == "trace-7"
    (line,) = lines_of(stack, answer.headers["x-request-id"])
    assert (line["method"], line["path"], line["status"]) == ("GET", "/openai/v1/models", 200)
    assert (line["client_request_id"], line["message"]) == ("trace-7", "resource")
    assert line["client"]


def lines_of(stack: LocalStack, request_id: str) -> list[dict[str, object]]:
    """The lines of the request in the function's log. Polls until there is one."""
    group = stack_outputs.read(stack.session(), ENVIRONMENT_NAME).resources_log_group
    assert group is not None
    deadline = time.monotonic() + WITHIN_S
    while True:
        lines = [line for _, line in request_logs.lines(stack.session(), group)]
        found = [line for line in lines if line.get("request_id") == request_id]
        if found:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.2)
