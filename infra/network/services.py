"""Which of AWS's services the functions in the VPC call."""

from __future__ import annotations

import re
from typing import get_args

from infra.settings.client_auth import ClientAuth
from infra.settings.environment import Environment
from infra.settings.network import Service

# The first label of Bedrock's hosts is the name of the endpoint service:
# https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-interface-endpoints.html
_BEDROCK_HOST = re.compile(r"https://(bedrock-(?:runtime|runtime-fips|mantle))\.[a-z0-9-]+\.[a-z0-9.-]+/.*")


def needed(environment: Environment) -> list[Service]:
    """The services that need an endpoint, sorted.

    All functions run in the VPC except two that call services for which it would need more endpoints, and which see no
    prompt of a caller: the rotation of the API key (IAM) and the trial of new versions (Lambda, CodeDeploy). The proof is in
    the VPC only if the API is private. Lambda itself reads the queues and writes the logs and the traces.
    """
    found = {
        "dynamodb": True,
        "s3": True,
        "sqs": True,
        "secretsmanager": not environment.upstream.signs,
        "bedrock": _lists_models(environment),
        "sts": environment.upstream.role_arn is not None or _signs_the_proof(environment),
        "cloudformation": _deploys_a_proof(environment),
        **dict.fromkeys(_of_bedrock(environment), True),
    }
    return [service for service in get_args(Service) if found.get(service)]


def proves_in_vpc(environment: Environment) -> bool:
    """Whether the proof of a deployment runs in the VPC, from where it reaches the private API."""
    return environment.network is not None and environment.network.private_api


def _deploys_a_proof(environment: Environment) -> bool:
    """Whether a function in the VPC is the proof."""
    return proves_in_vpc(environment) and environment.proof.on_deploy


def _signs_the_proof(environment: Environment) -> bool:
    """Whether that proof asks STS which role it has, to make it a client."""
    return _deploys_a_proof(environment) and environment.client_auth is ClientAuth.IAM


def _of_bedrock(environment: Environment) -> list[str]:
    """The service that `upstream.url` names; none for a URL that is not Bedrock's, or that is an endpoint already."""
    url = environment.upstream.url
    if url is None:
        return ["bedrock-runtime"]
    host = _BEDROCK_HOST.fullmatch(url)
    return [host[1]] if host is not None and _is_here(environment) else []


def _lists_models(environment: Environment) -> bool:
    """Whether the resources function asks for the account's models, in the stack's region."""
    return environment.upstream.lists_account_models and _is_here(environment)


def _is_here(environment: Environment) -> bool:
    """Whether Bedrock is in the stack's region, as far as that is known."""
    return environment.upstream.url_region in (None, environment.region)
