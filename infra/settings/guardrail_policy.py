"""Converts a guardrail's policy from CreateGuardrail's form to CloudFormation's.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateGuardrail.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-bedrock-guardrail.html
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.aws_bedrock import CfnGuardrail, CfnGuardrailProps

from infra.settings.table import RefusedSettingError

# Content filters, profanity, common personal data (anonymised) and the canary word. It has no prompt-attack filter, which
# has no effect without input tags. Tags are off by default.
DEFAULT = Path(__file__).with_name("default_guardrail_policy.json")

# Fields with another name in CloudFormation. Keys: the name of the parent field, the name of the field.
_OTHER_NAMES = {
    ("", "kmsKeyId"): "kms_key_arn",
    ("contentPolicyConfig", "tierConfig"): "content_filters_tier_config",
    ("topicPolicyConfig", "tierConfig"): "topics_tier_config",
    ("crossRegionConfig", "guardrailProfileIdentifier"): "guardrail_profile_arn",
}
_NOT_SETTINGS = {
    "name": "must not be set: the stack sets it",
    "clientRequestToken": "must not be set: CloudFormation sets it",
    "tags": "must not be set: the stack sets it",
}


def default() -> dict[str, Any]:
    """The policy of an environment that sets none, in the form of CreateGuardrail."""
    policy: dict[str, Any] = json.loads(DEFAULT.read_text())
    return policy


def for_cloudformation(policy: Mapping[str, Any]) -> dict[str, Any]:
    """CfnGuardrail's arguments. Raises RefusedSettingError for an unknown, missing or wrong field."""
    for name, reason in _NOT_SETTINGS.items():
        if name in policy:
            raise RefusedSettingError(name, reason)
    arguments = _arguments(CfnGuardrailProps, policy, path="", holder="")
    _made(partial(CfnGuardrailProps, name="checked"), arguments, path="")
    try:  # the CDK checks some values only here
        CfnGuardrail(cdk.Stack(cdk.App()), "Checked", name="checked", **arguments)
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise RefusedSettingError("", f"is not valid for CloudFormation: {reason}") from None
    return arguments


def content_filters(policy: Mapping[str, Any]) -> Iterator[str]:
    """The types of the policy's content filters."""
    config = policy.get("contentPolicyConfig")
    filters = config.get("filtersConfig") if isinstance(config, Mapping) else None
    for filter_ in filters if isinstance(filters, list) else []:
        yield str(filter_.get("type")) if isinstance(filter_, Mapping) else ""


def _arguments(type_: type, values: object, *, path: str, holder: str) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise RefusedSettingError(path, "must be a table")
    parameters = dict(inspect.signature(vars(type_)["__init__"]).parameters)
    for name in ("self", *(_NOT_SETTINGS if not holder else ())):
        parameters.pop(name, None)
    known = {_api_name(holder, argument): argument for argument in parameters}
    arguments = {}
    for name, value in values.items():
        inner = f"{path}.{name}".lstrip(".")
        if name not in known:
            raise RefusedSettingError(inner, f"is unknown; choose one of {', '.join(sorted(known))}")
        argument = known[name]
        arguments[argument] = _converted(parameters[argument].annotation, value, path=inner, holder=name)
    _check_complete(holder, parameters, arguments, path)
    return arguments


def _converted(annotation: object, value: object, *, path: str, holder: str) -> object:
    """`value` as an argument with this annotation. The annotation names a property's class."""
    named = re.search(r"CfnGuardrail\.(\w+)", str(annotation))
    if named is None:
        return value
    type_ = getattr(CfnGuardrail, named[1])
    if "Sequence" not in str(annotation):
        return _property(type_, value, path=path, holder=holder)
    if not isinstance(value, list):
        raise RefusedSettingError(path, "must be a list")
    return [
        _property(type_, one, path=f"{path}[{number}]", holder=holder) for number, one in enumerate(value)
    ]


def _property(type_: type, value: object, *, path: str, holder: str) -> object:
    return _made(type_, _arguments(type_, value, path=path, holder=holder), path=path)


def _made(make: Callable[..., object], arguments: Mapping[str, object], *, path: str) -> object:
    """The result of `make`. The CDK checks the types of the arguments."""
    try:
        return make(**arguments)
    except TypeError as error:
        found = re.match(r"type of argument (\w+) (must be .*)", str(error))
        setting, rule = (_camel_case(found[1]), found[2]) if found else ("", str(error))
        raise RefusedSettingError(f"{path}.{setting}".strip("."), rule) from None


def _check_complete(
    holder: str, parameters: Mapping[str, inspect.Parameter], arguments: Mapping[str, object], path: str
) -> None:
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and name not in arguments:
            missing = _api_name(holder, name)
            raise RefusedSettingError(f"{path}.{missing}".lstrip("."), "is missing")


def _api_name(holder: str, argument: str) -> str:
    others = {(where, other): name for (where, name), other in _OTHER_NAMES.items()}
    return others.get((holder, argument), _camel_case(argument))


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
