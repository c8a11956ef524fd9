"""The domain and the web ACL of the stack can be deployed, and callers reach the gateway under the domain.

The resources are those of the synthesised stack, in a stack of their own, beside the running gateway.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL
from tests.e2e.deployed_functions import variables_changed
from tests.infra.conftest import changed, stack_of
from tests.infra.network_settings import DOMAIN, REGION

# The first test also waits for the deployment of the whole stack, and for the synthesis of another one.
pytestmark = pytest.mark.timeout(400)
NAME = "networks"
TYPES = ("AWS::ApiGateway::DomainName", "AWS::ApiGateway::BasePathMapping", "AWS::WAFv2::WebACL")
BASE_URL = f"https://{DOMAIN['name']}/team/openai/v1"


def resources(stack: LocalStack) -> dict[str, Any]:
    """The domain, its mapping to the running gateway, and the web ACL, as `dev` has them."""
    domain = {**DOMAIN, "base_path": "team", "security_policy": "SecurityPolicy_TLS13_1_3_2025_09"}
    template = stack_of(changed("dev", region=REGION, domain=domain, waf={})).template
    found = {id_: one for id_, one in template["Resources"].items() if one["Type"] in TYPES}
    assert len(found) == len(TYPES)
    for one in found.values():
        one.pop("Metadata", None)
        if one["Type"] == TYPES[1]:
            one["Properties"] |= {"RestApiId": stack.rest_api_id, "Stage": stack.stage_name}
    return found


@pytest.fixture(scope="module")
def domain(stack: LocalStack) -> Iterator[httpx.Client]:
    """A client of the domain: DNS would lead its name to the local AWS."""
    cloudformation = stack.session().client("cloudformation")
    cloudformation.create_stack(StackName=NAME, TemplateBody=json.dumps({"Resources": resources(stack)}))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    headers = {"host": DOMAIN["name"], "authorization": f"Bearer {stack.api_key}"}
    try:
        with (
            variables_changed(stack, {"CLIENT_BASE_URL": BASE_URL}),
            httpx.Client(base_url=stack.aws_endpoint_url, headers=headers, timeout=30) as client,
        ):
            yield client
    finally:
        cloudformation.delete_stack(StackName=NAME)


def test_an_answer(domain: httpx.Client) -> None:
    """A chat completion under the domain and its base path is answered."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "one two"}]}
    answer = domain.post("/team/openai/v1/chat/completions", json=body)
    assert answer.status_code == 200
    assert "one two" in answer.json()["choices"][0]["message"]["content"]


def test_the_list_of_models(domain: httpx.Client) -> None:
    """The resources function is under the base path, too."""
    assert domain.get("/team/openai/v1/models").status_code == 200


def test_a_wrong_path(domain: httpx.Client) -> None:
    """The error names the domain's base URL."""
    answer = domain.post("/team/openai/v1/responses", json={})
    assert answer.status_code == 404
    assert f"Use POST {BASE_URL}/chat/completions." in answer.json()["error"]["message"]


def test_a_wrong_key(domain: httpx.Client) -> None:
    """A caller without a valid key is refused as at the default endpoint."""
    answer = domain.get("/team/openai/v1/models", headers={"authorization": "Bearer wrong"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
