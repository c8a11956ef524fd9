"""The change from `infra/environments.py` to settings files replaces no resource of a deployed stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.infra import kept_resources
from tests.infra.conftest import synthesised

# The prod template that the last version without settings files made.
BEFORE = json.loads(Path(__file__).with_name("prod_template_before_files.json").read_text())
# Of one account and region, for all its APIs: docs/adr/0055-the-accounts-log-role.md.
LOG_ROLE = {
    id_
    for id_, resource in BEFORE["Resources"].items()
    if resource["Type"] == "AWS::ApiGateway::Account" or "CloudWatchRole" in id_
}
_HOLDING_DATA = (
    "AWS::DynamoDB::Table",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
)


def holding_data(template: dict[str, Any]) -> dict[str, str]:
    """The type of each resource that holds data, by logical ID."""
    resources = template["Resources"].items()
    return {id_: resource["Type"] for id_, resource in resources if resource["Type"] in _HOLDING_DATA}


def test_nothing_is_replaced() -> None:
    """Every earlier resource is still there, with the properties whose change would replace it. The account's log role is not
    the stack's any more."""
    now = kept_resources.kept(synthesised("prod", guardrail=None).template)
    before = {id_: kept for id_, kept in kept_resources.kept(BEFORE).items() if id_ not in LOG_ROLE}
    assert before.items() <= now.items()


def test_the_log_role_outlives_the_upgrade() -> None:
    """CloudFormation keeps the role and the account's setting when an upgrade takes them out of the stack."""
    assert {BEFORE["Resources"][id_]["DeletionPolicy"] for id_ in LOG_ROLE} == {"Retain"}
    assert LOG_ROLE.isdisjoint(synthesised("prod", guardrail=None).template["Resources"])


def test_what_holds_data_keeps_its_logical_id() -> None:
    """Resources with data keep their logical IDs; the fixture holds each kind of data."""
    before = holding_data(BEFORE)
    assert set(before.values()) == set(_HOLDING_DATA)
    assert before.items() <= holding_data(synthesised("prod", guardrail=None).template).items()


def test_the_guardrails_policy_is_the_same() -> None:
    """The default policy, now in CreateGuardrail's form, makes the same guardrail and the same version."""
    now = synthesised("prod", guardrail=None).template["Resources"]
    for id_, resource in BEFORE["Resources"].items():
        if resource["Type"].startswith("AWS::Bedrock::"):
            assert now[id_]["Properties"] == resource["Properties"]
