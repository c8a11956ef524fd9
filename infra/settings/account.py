"""The rules of the company's AWS account: its permissions boundary, tags, bootstrap, key and concurrency."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from infra.settings.arns import KmsKeyArn
from infra.settings.table import Table, matching, require

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html (PermissionsBoundary)
_BOUNDARY_ARN = r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\x21-\x7e]{1,640}"
# The CDK's bootstrap template takes ten characters, and puts them into the name of a bucket:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_QUALIFIER = r"[a-z0-9-]{1,10}"
_QUALIFIER_RULE = "must be at most 10 lowercase letters, digits and hyphens"
# AWS allows 50, and the stack sets two: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
_MAX_TAGS = 48
_RESERVED_PREFIX = "aws:"
# What every service takes: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html
_TAG_TEXT = r"[\w .:/=+@-]"


def _tags(tags: dict[str, str]) -> dict[str, str]:
    """Raises ValueError for tags that AWS refuses."""
    if len(tags) > _MAX_TAGS:
        raise ValueError(f"has {len(tags)} tags; at most {_MAX_TAGS} are allowed beside the stack's own")
    if any(key.lower().startswith(_RESERVED_PREFIX) for key in tags):
        raise ValueError(f"has a key that begins with {_RESERVED_PREFIX}, which AWS keeps for itself")
    if len({key.lower() for key in tags}) < len(tags):
        raise ValueError("has keys that differ only in upper and lower case, which IAM refuses")
    return tags


_TagKey = Annotated[
    str,
    AfterValidator(
        matching(_TAG_TEXT + "{1,128}", "must be at most 128 letters, digits, spaces and . : / = + @ - _")
    ),
]
_TagValue = Annotated[
    str,
    AfterValidator(
        matching(_TAG_TEXT + "{1,256}", "must be 1 to 256 letters, digits, spaces and . : / = + @ - _")
    ),
]
_Instances = Annotated[int, Field(ge=1)]


class ReservedConcurrency(Table):
    """How many instances of a function may run at once, which Lambda keeps for it. `[chat_function]` has the chat function's."""

    authorizer: _Instances | None = None
    """The authorizer. If it is throttled, callers get 500. With `client_auth = "iam"` there is none."""
    resources: _Instances | None = None
    """The function of models, files, uploads and batches."""
    worker: _Instances | None = None
    """The jobs worker. At least the number of workers that `[jobs]` needs at once."""
    batch_steps: _Instances | None = None
    """The steps of batches. At least 10, which the queue of steps may start at once."""
    key_rotation: _Instances | None = None
    """The rotation of the Bedrock API key."""
    prover: _Instances | None = None
    """The proof in a deployment."""
    # CodeDeploy may invoke it for the chat function and the worker at once.
    pre_traffic: Annotated[int, Field(ge=2)] | None = None
    """The test of new versions in a gradual deployment."""
    cdk_provider: _Instances | None = None
    """The CDK's own function, which starts the proof in a deployment."""

    def of(self, function: str) -> int | None:
        """The reservation of the function that is called `{stack}-{function}`; None if it has none."""
        reserved: int | None = getattr(self, function.replace("-", "_"), None)
        return reserved

    @property
    def total(self) -> int:
        """The sum of all reservations."""
        return sum(number for _, number in self if number is not None)


class Account(Table):
    """What a company's account demands of each stack. Without these settings nothing changes."""

    permissions_boundary_arn: (
        Annotated[str, AfterValidator(matching(_BOUNDARY_ARN, "must be the ARN of an IAM policy"))] | None
    ) = None
    """The permissions boundary of all roles of the stack."""
    bootstrap_qualifier: Annotated[str, AfterValidator(matching(_QUALIFIER, _QUALIFIER_RULE))] | None = None
    """The qualifier of the CDK's bootstrap stack. By default, the CDK's own, hnb659fds."""
    kms_key_arn: KmsKeyArn | None = None
    """The KMS key of the secret, the tables, the buckets, the queues, the logs and the alarms' topic. By default, AWS's keys."""
    manage_api_gateway_log_role: bool = False
    """Set the role by which API Gateway writes logs, for the account in this region. `make log-role` sets one without a stack."""
    tags: Annotated[dict[_TagKey, _TagValue], AfterValidator(_tags)] = Field(default_factory=dict)
    """Tags of the stack and of its resources."""
    reserved_concurrency: ReservedConcurrency = Field(default_factory=ReservedConcurrency)
    """How many instances of each function may run at once. By default, as many as the account has left."""

    @model_validator(mode="before")
    @classmethod
    def _names_no_chat_function(cls, values: Any) -> Any:
        """One setting for one number: the chat function has had its own for longer."""
        reserved = values.get("reserved_concurrency") if isinstance(values, dict) else None
        rule = "is set by chat_function.reserved_concurrent_executions"
        for name in ("api", "chat", "chat_function"):
            require(
                not isinstance(reserved, dict) or name not in reserved, f"reserved_concurrency.{name}", rule
            )
        return values

    def tags_with(self, own: dict[str, str]) -> dict[str, str]:
        """`own` tags and those of the settings, which win. IAM's keys ignore upper and lower case."""
        given = {key.lower() for key in self.tags}
        return {**{key: value for key, value in own.items() if key.lower() not in given}, **self.tags}
