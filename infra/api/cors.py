"""CORS: who answers a browser's preflight request, and the headers that let a page read an answer.

With several origins, what API Gateway answers itself has the origin `*`, since its fixed headers can name only one. Answers of
the functions name the caller's origin if it is in the list (docs/adr/0049-cors-headers-from-the-functions.md).
"""

from __future__ import annotations

from aws_cdk import aws_apigateway as apigateway

from chat_gateway.http_api.cors import EXPOSED_TEXT
from chat_gateway.http_api.settings import CORS_ORIGINS
from client_keys.key import BEARER_HEADER
from infra import acknowledgements
from infra.settings.api import Api
from infra.settings.client_auth import ClientAuth

_METHODS = "GET, POST, DELETE, OPTIONS"
# What OpenAI's SDKs, the AI SDK and LangChain send, and what the gateway reads. `*` would not cover Authorization:
# https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
_HEADERS = (
    *("accept", "content-encoding", "content-type", "user-agent", "http-referer", "x-title"),
    *("openai-beta", "openai-organization", "openai-project", "idempotency-key"),
    *(
        "x-stainless-arch",
        "x-stainless-async",
        "x-stainless-custom-poll-interval",
        "x-stainless-helper-method",
    ),
    *("x-stainless-lang", "x-stainless-os", "x-stainless-package-version", "x-stainless-poll-helper"),
    *("x-stainless-raw-response", "x-stainless-read-timeout", "x-stainless-retry-count"),
    *("x-stainless-runtime", "x-stainless-runtime-version", "x-stainless-timeout"),
    *("x-client-request-id", "traceparent", "tracestate"),
    *("x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-guardrailversion", "x-amzn-bedrock-trace"),
)
# Of a signed request: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
_OF_SIGNATURES = ("x-amz-date", "x-amz-security-token", "x-amz-content-sha256")
# Chromium's maximum: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age
_MAX_AGE_S = 7200
_STATUS = "204"


class Preflight:
    """Lets API Gateway answer preflight requests itself: they have no key, so they get no authorizer."""

    def __init__(self, api: Api, client_auth: ClientAuth) -> None:
        # OpenAI's SDKs send Authorization, also where the key has another header.
        credentials = dict.fromkeys([api.key_header, BEARER_HEADER])
        signature = _OF_SIGNATURES if client_auth is ClientAuth.IAM else ()
        self._values = {
            "Access-Control-Allow-Origin": _origin(api),
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": ", ".join([*credentials, *signature, *_HEADERS]),
            "Access-Control-Max-Age": str(_MAX_AGE_S),
        }

    def add_to(self, resource: apigateway.IResource) -> None:
        """Adds the method OPTIONS."""
        quoted = {f"method.response.header.{name}": f"'{value}'" for name, value in self._values.items()}
        method = resource.add_method(
            "OPTIONS",
            apigateway.MockIntegration(
                # With the binary type */*, API Gateway would not read the template below, and answer 500:
                # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html
                content_handling=apigateway.ContentHandling.CONVERT_TO_TEXT,
                passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
                request_templates={"application/json": f'{{"statusCode": {_STATUS}}}'},
                integration_responses=[
                    apigateway.IntegrationResponse(status_code=_STATUS, response_parameters=quoted)
                ],
            ),
            authorization_type=apigateway.AuthorizationType.NONE,
            method_responses=[
                apigateway.MethodResponse(
                    status_code=_STATUS, response_parameters=dict.fromkeys(quoted, True)
                )
            ],
        )
        for rule in ("AwsSolutions-APIG4", "AwsSolutions-COG4"):
            acknowledgements.acknowledge(
                method, rule, "A preflight request has no credentials. The answer is fixed, and runs nothing."
            )


def preflight(api: Api, client_auth: ClientAuth) -> Preflight | None:
    """The answer to preflight requests; None if no origin is allowed."""
    return Preflight(api, client_auth) if api.cors_origins else None


def headers_of_errors(api: Api) -> dict[str, str]:
    """The headers of API Gateway's own errors, in its quotes; none if no origin is allowed."""
    if not api.cors_origins:
        return {}
    return {
        "Access-Control-Allow-Origin": f"'{_origin(api)}'",
        "Access-Control-Expose-Headers": f"'{EXPOSED_TEXT}'",
    }


def variables(api: Api) -> dict[str, str]:
    """The variable of a function that answers callers; none if no origin is allowed."""
    return {CORS_ORIGINS: ",".join(api.cors_origins)} if api.cors_origins else {}


def _origin(api: Api) -> str:
    return api.cors_origins[0] if len(api.cors_origins) == 1 else "*"
