"""The clients that may call the gateway, and the authorizer that knows them."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from chat_gateway.clients.settings import AuthorizerSettings
from client_keys import key as client_key
from infra.environment_settings import Data, Environment
from infra.gateway_function import GatewayFunction
from infra.removal import removal_policy

_AUTHORIZER_TIMEOUT_S = 10


class Clients(Construct):
    """A table of client key hashes, and a token authorizer over it whose answers are cached."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=client_key.HASH, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            # Removes a client some days after it expired; the authorizer checks the time itself.
            time_to_live_attribute=client_key.EXPIRY,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=environment.data == Data.RETAINED,
            removal_policy=removal_policy(environment),
        )
        self.function = GatewayFunction(
            self,
            "Authorizer",
            environment=environment,
            name="authorizer",
            module="chat_gateway.clients.authorizer",
            requirements="authorizer",
            description="Knows clients by the SHA-256 hash of their key",
            timeout_s=_AUTHORIZER_TIMEOUT_S,
            variables=AuthorizerSettings(clients_table=self.table.table_name).to_env(),
        )
        self.table.grant(self.function.role, "dynamodb:GetItem")
        self.authorizer = apigateway.TokenAuthorizer(
            self,
            "TokenAuthorizer",
            handler=self.function.function,
            # What cannot be a key of ours is refused without running (and paying for) the function.
            validation_regex=client_key.AUTHORIZATION,
            results_cache_ttl=cdk.Duration.seconds(environment.authorizer_cache_s),
        )
