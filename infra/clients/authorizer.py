"""API Gateway's authorizer for the gateway's clients."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from client_keys.key import BEARER_HEADER
from infra.clients.authorizer_function import AuthorizerFunction
from infra.clients.jwt_authorizer_function import JwtAuthorizerFunction
from infra.functions import unqualified_permission
from infra.settings.environment import Environment


class ClientAuthorizer(apigateway.TokenAuthorizer):
    """Asks the alias `live` of `function` which client a key or a token belongs to. API Gateway caches the answer."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        function: AuthorizerFunction | JwtAuthorizerFunction,
    ) -> None:
        super().__init__(
            scope,
            id_,
            handler=function.live,
            # API Gateway refuses text that cannot be a client's key or token without running the function.
            validation_regex=function.accepts,
            identity_source=apigateway.IdentitySource.header(_header_name(environment.api.key_header)),
            results_cache_ttl=cdk.Duration.seconds(environment.api.authorizer_result_ttl_s),
        )
        unqualified_permission.keep(
            function.function,
            f"{cdk.Names.unique_id(self)}:Permissions",
            function.function,
            source_arn=self.authorizer_arn,
        )
        self.live = function.live


def _header_name(header: str) -> str:
    """The name in the template; header names have no case. CDK's default is Authorization."""
    return "Authorization" if header == BEARER_HEADER else header
