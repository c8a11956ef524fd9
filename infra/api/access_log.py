"""The fields of API Gateway's access log."""

from __future__ import annotations

from infra.settings.environment import Environment

# Ids and outcomes, also of refused requests. Not $context.error.*, which can repeat the caller's token.
_FIELDS = {
    "request_id": "$context.extendedRequestId",
    "api_request_id": "$context.requestId",
    "lambda_request_id": "$context.integration.requestId",
    "client": "$context.authorizer.principalId",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "time": "$context.requestTime",
    "latency_ms": "$context.responseLatency",
    "integration_latency_ms": "$context.integration.latency",
    "time_to_headers_ms": "$context.integration.timeToAllHeaders",
    "time_to_first_content_ms": "$context.integration.timeToFirstContent",
    "authorizer_latency_ms": "$context.authorizer.latency",
    "authorizer_request_id": "$context.authorizer.requestId",
    "response_bytes": "$context.responseLength",
}
# A caller writes its user agent itself. It comes first: if it forges other fields there, a reader of JSON sees the true ones,
# which come later.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
_BY_CHOICE = {
    "user_agent": "$context.identity.userAgent",
    "source_ip": "$context.identity.sourceIp",
    "domain_name": "$context.domainName",
    "vpc_endpoint_id": "$context.identity.vpceId",
    "waf_response_code": "$context.wafResponseCode",
}


def fields(environment: Environment) -> dict[str, str]:
    """The fields with API Gateway's variables. Those that the settings choose come first, in our order."""
    chosen = environment.logs.access_log_fields
    return {**{name: value for name, value in _BY_CHOICE.items() if name in chosen}, **_FIELDS}
