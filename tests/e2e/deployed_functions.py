"""Changes the settings of the deployed functions for a while, as another deployment would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.stack.local_stack import LocalStack

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

API, WORKER = "bedrock-chat-gateway-local-api", "bedrock-chat-gateway-local-worker"
LIVE = "live"  # the alias that API Gateway and the queues invoke
RESOURCES, STEPS = "bedrock-chat-gateway-local-resources", "bedrock-chat-gateway-local-batch-steps"


@contextmanager
def variables_changed(
    stack: LocalStack, changes: dict[str, str], names: Sequence[str] = (API, WORKER)
) -> Iterator[None]:
    """The functions of these names with these variables while the block runs."""
    functions = stack.session().client("lambda")
    before = {name: _variables(functions, name) for name in names}
    try:
        for name, variables in before.items():
            _set(functions, name, variables | changes)
        yield
    finally:
        for name, variables in before.items():
            _set(functions, name, variables)


def variable(stack: LocalStack, name: str, function: str = API) -> str:
    """A variable of a function, by default of the chat function."""
    return _variables(stack.session().client("lambda"), function)[name]


def publish(functions: LambdaClient, name: str) -> None:
    """Moves the alias to a new version of the function as it is now, as a deployment does."""
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=version)


def _variables(functions: LambdaClient, name: str) -> dict[str, str]:
    return functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]


def _set(functions: LambdaClient, name: str, variables: dict[str, str]) -> None:
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    publish(functions, name)
