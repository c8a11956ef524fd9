"""The functions of the gateway, as the stack builds their packages."""

from __future__ import annotations

from typing import NamedTuple

from infra.functions import function_packages
from infra.functions.function_packages import FunctionPackage


class Built(NamedTuple):
    """A function: the module of its handler and its lock file."""

    module: str
    requirements: str


FUNCTIONS = {
    "api": Built("chat_gateway.http_api.handler", "upstream"),
    "signed-api": Built("chat_gateway.http_api.iam_handler", "upstream"),
    "worker": Built("chat_gateway.jobs.worker", "upstream"),
    "authorizer": Built("chat_gateway.clients.authorizer", "authorizer"),
    "jwt-authorizer": Built("jwt_clients.authorizer", "jwt"),
    "batch-steps": Built("batch_steps.handler", "upstream"),
    "key-rotation": Built("key_rotation.handler", "upstream"),
    "resources": Built("openai_resources.handler", "resources"),
    "signed-resources": Built("openai_resources.iam_handler", "resources"),
    "proof": Built("guardrail_proof.prover", "upstream"),
    "before-traffic": Built("guardrail_proof.before_traffic", "upstream"),
}


def streams(name: str) -> bool:
    """Whether the function runs under our own loop."""
    return name.endswith("api")


def package(name: str, *, for_this_machine: bool = True) -> FunctionPackage:
    """The function's package."""
    built = FUNCTIONS[name]
    return function_packages.build(
        name,
        built.module,
        requirements=built.requirements,
        for_this_machine=for_this_machine,
        streams=streams(name),
    )
