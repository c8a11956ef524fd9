"""Settings for browsers, for another header of the key, and for Azure's paths; without them nothing is different."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from chat_gateway.http_api.cors import EXPOSED
from chat_gateway.http_api.settings import HttpSettings
from client_keys import key as client_key
from guardrail_proof.settings import ProverSettings
from tests.infra.conftest import Synthesised, changed, resolved, stack_of

ORIGIN, OTHER = "https://app.example", "http://localhost:5173"
KEY = client_key.from_random(bytes(range(32)))


@cache
def with_everything() -> Synthesised:
    """`dev` with one origin, Azure's header and Azure's paths, and the proof."""
    api = {"cors_origins": [ORIGIN], "key_header": "api-key", "deployment_paths": True}
    return stack_of(changed("dev", api=api, proof={"on_deploy": True}))


@cache
def with_origins() -> Synthesised:
    """`dev` with two origins."""
    return stack_of(changed("dev", api={"cors_origins": [ORIGIN, OTHER]}))


def methods(stack: Synthesised, verb: str) -> dict[str, dict[str, Any]]:
    """The methods of that verb, by the resource's id."""
    found = stack.resources("AWS::ApiGateway::Method").values()
    return {json.dumps(method["ResourceId"]): method for method in found if method["HttpMethod"] == verb}


def preflight(stack: Synthesised) -> dict[str, str]:
    """The headers of the answer to every preflight request."""
    answers = [
        method["Integration"]["IntegrationResponses"][0]["ResponseParameters"]
        for method in methods(stack, "OPTIONS").values()
    ]
    assert all(answer == answers[0] for answer in answers)
    return {
        name.removeprefix("method.response.header."): value.strip("'") for name, value in answers[0].items()
    }


def test_every_path_answers_a_preflight() -> None:
    """Each resource has an OPTIONS without an authorizer, which API Gateway answers itself."""
    options = methods(with_everything(), "OPTIONS")
    assert options.keys() == methods(with_everything(), "ANY").keys()
    for method in options.values():
        integration = method["Integration"]
        assert (method["AuthorizationType"], method.get("AuthorizerId")) == ("NONE", None)
        assert (integration["Type"], integration["PassthroughBehavior"]) == ("MOCK", "NEVER")
        assert integration["ContentHandling"] == "CONVERT_TO_TEXT"
        assert json.loads(integration["RequestTemplates"]["application/json"]) == {"statusCode": 204}
        (answer,) = integration["IntegrationResponses"]
        (declared,) = method["MethodResponses"]
        assert answer["StatusCode"] == declared["StatusCode"] == "204"
        assert answer["ResponseParameters"].keys() == declared["ResponseParameters"].keys()


def test_a_preflight_names_the_headers_of_the_sdks() -> None:
    """The answer has no `*` for headers, because that would not cover the key's."""
    allowed = preflight(with_everything())["Access-Control-Allow-Headers"].split(", ")
    assert {"api-key", "content-type", "x-stainless-retry-count", "x-stainless-helper-method"} <= set(allowed)
    assert "authorization" in allowed  # the SDK sends it beside an `api-key` of `defaultHeaders`
    allowed = preflight(with_origins())["Access-Control-Allow-Headers"].split(", ")
    assert allowed.count("authorization") == 1
    assert not [name for name in allowed if name in ("api-key", "x-amz-date")]


def test_a_preflight_names_the_headers_of_a_signature() -> None:
    """A page whose requests are signed may send the signature's time and the session's token."""
    stack = stack_of(changed("dev", api={"cors_origins": [ORIGIN]}, client_auth="iam"))
    allowed = preflight(stack)["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"} <= set(allowed)
    assert {method["AuthorizationType"] for method in methods(stack, "OPTIONS").values()} == {"NONE"}


@pytest.mark.parametrize(("stack", "origin"), [(with_everything, ORIGIN), (with_origins, "*")])
def test_api_gateways_own_answers(stack: Any, origin: str) -> None:
    """They name the only origin, or `*` for several, and never allow cookies."""
    assert preflight(stack())["Access-Control-Allow-Origin"] == origin
    errors = stack().resources("AWS::ApiGateway::GatewayResponse").values()
    for error in errors:
        headers = error["ResponseParameters"]
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == f"'{origin}'"
        exposed = headers["gatewayresponse.header.Access-Control-Expose-Headers"].strip("'")
        assert exposed.split(", ") == [*EXPOSED]
    assert "credentials" not in json.dumps([preflight(stack()), *errors]).lower()


@pytest.mark.parametrize("function", ["api", "resources"])
def test_origins_reach_the_functions(function: str) -> None:
    """Both functions that answer callers know the origins."""
    assert with_origins().variables(function)["CORS_ORIGINS"] == f"{ORIGIN},{OTHER}"


def test_pages_may_read_files() -> None:
    """A page may follow the redirect to a large file, to which a browser sends the origin `null`."""
    rule = {"AllowedHeaders": ["*"], "AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    bucket = with_origins().one("AWS::S3::Bucket", "Files")
    assert bucket["CorsConfiguration"] == {"CorsRules": [rule]}


def test_the_key_is_read_from_another_header() -> None:
    """API Gateway reads `api-key`, and its pattern accepts the key alone."""
    authorizer = with_everything().one("AWS::ApiGateway::Authorizer")
    assert authorizer["IdentitySource"] == "method.request.header.api-key"
    pattern = re.compile(authorizer["IdentityValidationExpression"])
    assert pattern.search(KEY)
    assert not pattern.search(f"Bearer {KEY}")
    assert with_everything().variables("authorizer")["KEY_HEADER"] == "api-key"


def test_a_401_names_the_header() -> None:
    """Whoever sends the key in another header is told the right one."""
    refusal = with_everything().one("AWS::ApiGateway::GatewayResponse", "Unauthorized")
    error = json.loads(refusal["ResponseTemplates"]["application/json"])["error"]
    assert error["message"].endswith("Send your key as `api-key: <key>`.")


def test_the_proof_sends_the_key_in_that_header() -> None:
    """The proof of a deployment, and that of an operator, know the header."""
    assert ProverSettings.from_env(with_everything().variables("prover")).gateway.key_header == "api-key"
    assert with_everything().template["Outputs"]["KeyHeader"]["Value"] == "api-key"


def test_azures_path_leads_to_the_chat_function() -> None:
    """The path is a resource of API Gateway, and the function knows that it may answer there."""
    template = with_everything()
    assert HttpSettings.from_env(template.variables("api")).deployment_paths
    (id_,) = (
        id_
        for id_, resource in template.resources("AWS::ApiGateway::Resource").items()
        if resource["PathPart"] == "completions" and "model" in id_
    )
    method = methods(template, "ANY")[json.dumps({"Ref": id_})]
    assert "ChatFunction" in resolved_uri(method)


def resolved_uri(method: dict[str, Any]) -> str:
    return resolved(method["Integration"]["Uri"])


def test_without_the_settings_nothing_is_there(stack: Synthesised) -> None:
    """No method, header, variable or output is added for those who do not use them."""
    text = json.dumps(stack.template)
    for word in ("OPTIONS", "Access-Control", "CORS_ORIGINS", "KEY_HEADER", "KeyHeader", "api-key"):
        assert word not in text
    assert "deployments" not in {r["PathPart"] for r in stack.resources("AWS::ApiGateway::Resource").values()}
    assert "DEPLOYMENT_PATHS" not in stack.variables("api")
    assert stack.one("AWS::ApiGateway::Authorizer")["IdentitySource"] == "method.request.header.Authorization"
