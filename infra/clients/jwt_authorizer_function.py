"""The function that finds a client by its JWT."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from chat_gateway.client_policies.settings import ClientsSettings
from infra.functions.gateway_function import GatewayFunction
from infra.functions.live_alias import LiveAlias
from infra.settings import memory_sizes
from infra.settings.client_auth import Jwt
from infra.settings.environment import Environment
from jwt_clients.settings import AUTHORIZATION, JwtSettings

_TIMEOUT_S = 10


class JwtAuthorizerFunction(GatewayFunction):
    """The authorizer function for tokens. Its role may read the table of clients."""

    accepts = AUTHORIZATION  # the pattern of the Authorization header

    def __init__(
        self, scope: Construct, id_: str, *, environment: Environment, jwt: Jwt, clients: dynamodb.ITable
    ) -> None:
        settings = JwtSettings(
            issuer=jwt.issuer,
            audience=jwt.audience,
            jwks_url=jwt.key_set_url,
            client_claim=jwt.client_claim,
            audience_claim=jwt.audience_claim,
        )
        super().__init__(
            scope,
            id_,
            environment=environment,
            name="authorizer",
            module="jwt_clients.authorizer",
            requirements="jwt",
            description="Knows clients by a claim of their JWT",
            timeout_s=_TIMEOUT_S,
            memory_mib=memory_sizes.AUTHORIZER_MIB,
            variables={**ClientsSettings(clients_table=clients.table_name).to_env(), **settings.to_env()},
        )
        self.live = LiveAlias(self.function)
        clients.grant(self.role, "dynamodb:GetItem")
