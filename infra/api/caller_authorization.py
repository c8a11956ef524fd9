"""How API Gateway knows callers: by its authorizer, or by the signature of an IAM role or user.

https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
"""

from __future__ import annotations

from aws_cdk import aws_apigateway as apigateway

from infra.clients.authorizer import ClientAuthorizer

_CHECKS = {
    True: "Clients are programs. API Gateway checks their signatures.",
    False: "Clients are programs. A Lambda authorizer checks their keys.",
}


def method_options(authorizer: ClientAuthorizer | None) -> apigateway.MethodOptions:
    """The options of all methods. Without an authorizer, callers sign their requests."""
    if authorizer is None:
        return apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.IAM)
    return apigateway.MethodOptions(
        authorizer=authorizer, authorization_type=apigateway.AuthorizationType.CUSTOM
    )


def why_no_user_pool(authorizer: ClientAuthorizer | None) -> str:
    """Why no method has an authorizer of Amazon Cognito, for cdk-nag."""
    return _CHECKS[authorizer is None]
