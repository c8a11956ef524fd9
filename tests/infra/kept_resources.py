"""What a deployment of `prod` must keep: its resources, and the properties whose change replaces a resource.

`python -m tests.infra.kept_resources` writes the list again, after a resource was added or removed on purpose.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LIST = Path(__file__).with_name("kept_resources.json")
# By the documentation of each type, "Update requires: Replacement":
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/introduction.html
_REPLACING: dict[str, tuple[str, ...]] = {
    "AWS::ApiGateway::Authorizer": ("RestApiId",),
    "AWS::ApiGateway::GatewayResponse": ("ResponseType", "RestApiId"),
    "AWS::ApiGateway::Method": ("HttpMethod", "ResourceId", "RestApiId"),
    "AWS::ApiGateway::Resource": ("ParentId", "PathPart", "RestApiId"),
    "AWS::ApiGateway::Stage": ("RestApiId", "StageName"),
    "AWS::DynamoDB::Table": ("KeySchema", "TableName"),
    "AWS::IAM::ManagedPolicy": ("Description", "ManagedPolicyName", "Path"),
    "AWS::IAM::Role": ("Path", "RoleName"),
    "AWS::Lambda::Alias": ("FunctionName", "Name"),
    "AWS::Lambda::EventSourceMapping": ("EventSourceArn",),
    "AWS::Lambda::Function": ("FunctionName",),
    "AWS::Lambda::Permission": ("Action", "FunctionName", "Principal", "SourceArn"),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::SQS::Queue": ("FifoQueue", "QueueName"),
    "AWS::SecretsManager::Secret": ("Name",),
}
# Each change of what they hold makes a new one: that is what they are for.
_MADE_ANEW = ("AWS::ApiGateway::Deployment", "AWS::Bedrock::GuardrailVersion", "AWS::Lambda::Version")


def kept(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By logical id, each resource's type and the properties that may not change."""
    resources = {
        id_: resource for id_, resource in template["Resources"].items() if resource["Type"] not in _MADE_ANEW
    }
    return {
        id_: {"Type": resource["Type"], **_fixed(resource)} for id_, resource in sorted(resources.items())
    }


def _fixed(resource: dict[str, Any]) -> dict[str, Any]:
    properties = resource.get("Properties", {})
    return {name: properties[name] for name in _REPLACING.get(resource["Type"], ()) if name in properties}


if __name__ == "__main__":
    from tests.infra.conftest import synthesised

    LIST.write_text(json.dumps(kept(synthesised("prod", guardrail=None).template), indent=1) + "\n")
