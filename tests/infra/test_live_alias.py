"""Callers reach the functions by the alias `live`, and an upgrade to it keeps what earlier versions created."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat_gateway.http_api.settings import HttpSettings
from infra.settings.chat_function import ChatFunctionSettings
from tests.infra.conftest import Synthesised, changed, stack_of, synthesised

SERVING = {"api", "resources", "authorizer", "worker", "batch-steps"}
# The logical ids of `prod` in the last version without aliases.
EVENT_SOURCES = {
    "BatchStepsFunctionSqsEventSourcebedrockchatgatewayprodBatchStepsQueue31B0D8CE3F80F613",
    "JobWorkerFunctionSqsEventSourcebedrockchatgatewayprodJobQueuesJobs0AAA8029FCC25FDF",
}
FUNCTIONS = {
    "BatchStepsFunctionBE8F9E5E",
    "ChatFunctionChatFunctionA6D3D71F",
    "ClientsAuthorizerFunctionE55C55E0",
    "JobWorkerFunction7BB1B3D2",
    "ResourcesFunctionFDFAF48E",
}
DEPLOYMENT = "ChatApiDeployment8FFDFAAA750ed5c68811c928bdb40b986138850c"
_OF_API = "ApiPermissionbedrockchatgatewayprodChatApiD23424FCANY"
PERMISSIONS = {
    f"ChatApiANY{_OF_API}C56F5775",
    f"ChatApiopenaiv1batchesANY{_OF_API}openaiv1batchesDEFC3483",
    f"ChatApiopenaiv1batchesproxyANY{_OF_API}openaiv1batchesproxyDA56610C",
    f"ChatApiopenaiv1chatcompletionsANY{_OF_API}openaiv1chatcompletions5A568DBB",
    f"ChatApiopenaiv1filesANY{_OF_API}openaiv1files0E2463DE",
    f"ChatApiopenaiv1filesproxyANY{_OF_API}openaiv1filesproxyBE684FA9",
    f"ChatApiopenaiv1modelsANY{_OF_API}openaiv1modelsCDF6DE18",
    f"ChatApiopenaiv1modelsproxyANY{_OF_API}openaiv1modelsproxyA742BF4D",
    f"ChatApiopenaiv1uploadsANY{_OF_API}openaiv1uploads67392692",
    f"ChatApiopenaiv1uploadsproxyANY{_OF_API}openaiv1uploadsproxy11B0CE40",
    f"ChatApiproxyANY{_OF_API}proxy554F5D8D",
    f"ChatApiv1batchesANY{_OF_API}v1batchesC99BA07A",
    f"ChatApiv1batchesproxyANY{_OF_API}v1batchesproxy3A1C8C5C",
    f"ChatApiv1chatcompletionsANY{_OF_API}v1chatcompletions331D3DE2",
    f"ChatApiv1filesANY{_OF_API}v1files4DD78CD2",
    f"ChatApiv1filesproxyANY{_OF_API}v1filesproxy81422085",
    f"ChatApiv1modelsANY{_OF_API}v1models77E77EC2",
    f"ChatApiv1modelsproxyANY{_OF_API}v1modelsproxyDBDD71F9",
    f"ChatApiv1uploadsANY{_OF_API}v1uploadsE7B3DA24",
    f"ChatApiv1uploadsproxyANY{_OF_API}v1uploadsproxy1FE4E3DE",
    "ChatFunctionChatFunctionInvokeWithResponseStreamF60BAF3D",
    "ClientsAuthorizerFunctionbedrockchatgatewayprodClientsTokenAuthorizer9B797D99PermissionsEC438C43",
}


@pytest.fixture
def prod() -> Synthesised:
    return synthesised("prod")


def alias_ids(stack: Synthesised) -> dict[str, str]:
    """The logical id of each function's alias, by the end of the function's name."""
    functions = stack.resources("AWS::Lambda::Function")
    return {
        next(name for name in SERVING if functions[alias["FunctionName"]["Ref"]] is stack.function(name)): id_
        for id_, alias in stack.resources("AWS::Lambda::Alias").items()
    }


def refers_to(value: Any, id_: str) -> bool:
    return f'"{id_}"' in json.dumps(value)


def test_each_serving_function_has_one(stack: Synthesised) -> None:
    """The alias `live` names the version of the code and settings in the template."""
    assert set(alias_ids(stack)) == SERVING
    for alias in stack.resources("AWS::Lambda::Alias").values():
        version, attribute = alias["FunctionVersion"]["Fn::GetAtt"]
        assert (alias["Name"], attribute) == ("live", "Version")
        assert stack.resources("AWS::Lambda::Version")[version]["FunctionName"] == alias["FunctionName"]


def test_callers_reach_the_alias(stack: Synthesised) -> None:
    """API Gateway's routes, the authorizer and both queues invoke aliases, and no function directly."""
    aliases = alias_ids(stack)
    methods = stack.resources("AWS::ApiGateway::Method").values()
    for target in [
        *(method["Integration"]["Uri"] for method in methods),
        *(one["FunctionName"] for one in stack.resources("AWS::Lambda::EventSourceMapping").values()),
        stack.one("AWS::ApiGateway::Authorizer")["AuthorizerUri"],
    ]:
        assert sum(refers_to(target, id_) for id_ in aliases.values()) == 1
        assert not any(refers_to(target, id_) for id_ in stack.resources("AWS::Lambda::Function"))
    assert refers_to(stack.one("AWS::ApiGateway::Authorizer"), aliases["authorizer"])
    assert refers_to(stack.one("AWS::Lambda::EventSourceMapping", "JobWorker"), aliases["worker"])
    assert refers_to(stack.one("AWS::Lambda::EventSourceMapping", "BatchSteps"), aliases["batch-steps"])


def test_event_sources_keep_their_ids(prod: Synthesised) -> None:
    """Only the target of a mapping changes. A second mapping would poll the same queue."""
    assert set(prod.resources("AWS::Lambda::EventSourceMapping")) == EVENT_SOURCES


def test_functions_keep_their_ids(prod: Synthesised) -> None:
    assert set(prod.resources("AWS::Lambda::Function")) >= FUNCTIONS


def test_old_permissions_stay(prod: Synthesised) -> None:
    """API Gateway may invoke the functions for one more deployment: its stage still does when the deployment begins."""
    found = prod.resources("AWS::Lambda::Permission")
    of_functions = {id_ for id_, one in found.items() if "Fn::GetAtt" in one["FunctionName"]}
    assert of_functions == PERMISSIONS


def test_api_gateway_may_invoke_the_aliases(deployed_stack: Synthesised) -> None:
    """The permissions do not name the stage: else they would be created after the stage has moved to the aliases."""
    aliases = alias_ids(deployed_stack)
    found = deployed_stack.resources("AWS::Lambda::Permission").values()
    new = [one for one in found if "Ref" in one["FunctionName"]]
    assert sorted((one["FunctionName"]["Ref"], one["Action"]) for one in new) == sorted(
        [
            (aliases["api"], "lambda:InvokeFunction"),
            (aliases["api"], "lambda:InvokeWithResponseStream"),
            (aliases["authorizer"], "lambda:InvokeFunction"),
            (aliases["resources"], "lambda:InvokeFunction"),
        ]
    )
    (stage,) = deployed_stack.resources("AWS::ApiGateway::Stage")
    assert not any(refers_to(one["SourceArn"], stage) for one in new)
    assert {one["Principal"] for one in new} == {"apigateway.amazonaws.com"}


def test_stage_moves_last(prod: Synthesised) -> None:
    """The stage gets a new deployment, without which it would still invoke the functions. It waits for the permissions."""
    ((id_, deployment),) = (
        (id_, one)
        for id_, one in prod.template["Resources"].items()
        if one["Type"] == "AWS::ApiGateway::Deployment"
    )
    assert id_ != DEPLOYMENT
    permissions = prod.resources("AWS::Lambda::Permission").items()
    new = {name for name, one in permissions if "Ref" in one["FunctionName"]}
    aliases = {alias_ids(prod)[name] for name in ("api", "authorizer", "resources")}
    assert new | aliases <= set(deployment["DependsOn"])


def test_published_versions_are_kept(stack: Synthesised) -> None:
    """An operator can move the alias back, but a failed deployment leaves no version that the next one cannot publish."""
    published = {
        alias["FunctionVersion"]["Fn::GetAtt"][0] for alias in stack.resources("AWS::Lambda::Alias").values()
    }
    for id_ in published:
        version = stack.template["Resources"][id_]
        assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == (
            "RetainExceptOnCreate",
            "Retain",
        )


def test_each_change_publishes_a_version() -> None:
    """Other settings make another version, which is what moves the alias."""

    def version(counts: bool) -> str:
        stack = stack_of(changed("dev", chat_function={"count_stream_tokens": counts}))
        variables = stack.variables("api")
        assert HttpSettings.from_env(variables).count_stream_tokens is counts
        alias = stack.resources("AWS::Lambda::Alias")[alias_ids(stack)["api"]]
        id_: str = alias["FunctionVersion"]["Fn::GetAtt"][0]
        return id_

    assert version(True) != version(False)


def test_reserved_concurrency_is_the_functions() -> None:
    """All versions of the function share it. An alias has no such setting."""
    settings = ChatFunctionSettings(reserved_concurrent_executions=50)
    stack = stack_of(changed("dev", chat_function=settings))
    assert stack.function("api")["ReservedConcurrentExecutions"] == 50
