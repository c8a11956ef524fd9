"""The function that finds a client by its key."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from chat_gateway.client_policies.settings import ClientsSettings
from client_keys import item as client_item
from client_keys import key as client_key
from infra.functions.gateway_function import GatewayFunction
from infra.functions.live_alias import LiveAlias
from infra.settings import memory_sizes
from infra.settings.environment import Environment

_TIMEOUT_S = 10


class AuthorizerFunction(GatewayFunction):
    """The authorizer function. Its role may read the table of clients, and write the day of a key's last use."""

    def __init__(
        self, scope: Construct, id_: str, *, environment: Environment, clients: dynamodb.ITable
    ) -> None:
        super().__init__(
            scope,
            id_,
            environment=environment,
            name="authorizer",
            module="chat_gateway.clients.authorizer",
            requirements="authorizer",
            description="Knows clients by the SHA-256 hash of their key",
            timeout_s=_TIMEOUT_S,
            memory_mib=memory_sizes.AUTHORIZER_MIB,
            variables={
                **ClientsSettings(clients_table=clients.table_name).to_env(),
                **environment.api.key_header_variables,
            },
        )
        self.live = LiveAlias(self.function)
        self.accepts = client_key.pattern(
            environment.api.key_header
        )  # the pattern of the header with the key
        clients.grant(self.role, "dynamodb:GetItem")
        self.role.add_to_policy(_noting_use(clients))


def _noting_use(clients: dynamodb.ITable) -> iam.PolicyStatement:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html"""
    return iam.PolicyStatement(
        actions=["dynamodb:UpdateItem"],
        resources=[clients.table_arn],
        conditions={
            "ForAllValues:StringEquals": {"dynamodb:Attributes": [client_item.HASH, client_item.LAST_USED]},
            "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]},
        },
    )
