"""Starts the emulator with its checks of permissions and signatures, and writes each check of a role to a file.

It runs with the emulator's Python, and corrects the checks where they differ from AWS:

- Requests count as sent with TLS, because the emulator has none, and the policies of buckets and queues deny all others.
- Policies have the ARN of a secret where the emulator's CloudFormation writes its name.
- A batch of SQS needs the permission for its single messages.
- Some condition keys of DynamoDB are set. A condition with `ForAllValues` or `IfExists` holds if its key is not set.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

RECORDS = "permission-checks.jsonl"  # in the emulator's folder

_written = threading.Lock()


def main() -> None:
    """Runs the emulator until it is stopped."""
    os.environ["AUTH"] = "true"  # before the import, which reads it
    sys.path.append(str(Path(__file__).resolve().parents[3]))
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    evaluator.enforce = _recording(evaluator.enforce, Path.cwd() / RECORDS)
    evaluator.pin_request_origin = _with_tls(evaluator.pin_request_origin)
    evaluator._gather_role_policies = _with_secrets_arns(evaluator._gather_role_policies)
    actions.extract_iam_action = _without_batches(actions.extract_iam_action)
    actions.dynamodb_service_context = _with_conditions(actions.dynamodb_service_context)
    importlib.import_module("ministack.app").main()


def _recording(enforce: Callable[..., Any], records: Path) -> Callable[..., Any]:
    """The emulator's check, which returns None for what is allowed. Checks of the emulator's root are not written."""

    def recorded(access_key_id: str, iam_action: str, service: str, region: str, **options: Any) -> Any:
        refused = enforce(access_key_id, iam_action, service, region, **options)
        session = _session(access_key_id)
        if session is not None:
            line = {
                "session": session,
                "action": iam_action,
                "resource": options.get("resource_arn", "*"),
                "refused": None if refused is None else getattr(refused, "code", None) or refused.decision,
            }
            with _written, records.open("a") as file:
                file.write(json.dumps(line) + "\n")
        return refused

    return recorded


def _session(access_key_id: str) -> str | None:
    """The ARN of the role's session that has this access key."""
    sessions: Any = importlib.import_module("ministack.services.sts")._sessions
    session = sessions.get(access_key_id)
    return None if session is None else session["Arn"]


def _with_tls(pin_request_origin: Callable[[str, bool], None]) -> Callable[[str, bool], None]:
    return lambda source_ip, _: pin_request_origin(source_ip, True)


def _with_secrets_arns(policies_of: Callable[..., Any]) -> Callable[..., Any]:
    """`Ref` of a secret is its ARN:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
    """
    secrets: Any = importlib.import_module("ministack.services.secretsmanager")._secrets

    def completed(role_name: str, account_id: str) -> Any:
        policies = policies_of(role_name, account_id)
        for statement in (statement for policy in policies for statement in policy):
            statement.resources = [secrets.get(name, {"ARN": name})["ARN"] for name in statement.resources]
        return policies

    return completed


def _without_batches(action_of: Callable[..., str | None]) -> Callable[..., str | None]:
    """IAM has no actions for batches:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
    """

    def single(service: str, *request: Any) -> str | None:
        action = action_of(service, *request)
        return action.removesuffix("Batch") if action is not None and service == "sqs" else action

    return single


def _with_conditions(context: Callable[[bytes], dict[str, Any]]) -> Callable[[bytes], dict[str, Any]]:
    conditions: Any = importlib.import_module("tests.e2e.permissions.dynamodb_conditions")
    tables: Any = importlib.import_module("ministack.services.dynamodb")._tables

    def partition_key(name: str) -> str | None:
        table = tables.get(name.rpartition("/")[2])
        schema = [] if table is None else table["KeySchema"]
        return next((key["AttributeName"] for key in schema if key["KeyType"] == "HASH"), None)

    def completed(body: bytes) -> dict[str, Any]:
        # A body that is not an object of JSON raises here, so the request gets 500: no function sends one.
        found: dict[str, Any] = {**context(body), **conditions.of_request(json.loads(body), partition_key)}
        return found

    return completed


if __name__ == "__main__":
    main()
