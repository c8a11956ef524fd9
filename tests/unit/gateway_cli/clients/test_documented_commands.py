"""The commands in docs/clients.md print what the page says, and need the permissions that it names."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from click.testing import CliRunner

from client_keys import key as client_key
from client_keys import table as new_keys
from gateway_cli import stack_outputs
from gateway_cli.clients import dates, speech
from gateway_cli.clients.commands import clients
from gateway_cli.command import cli
from gateway_cli.stack_outputs import StackOutputs
from tests import documents
from tests.unit import clients_table
from tests.unit.gateway_cli.clients import stored
from tests.unit.gateway_cli.clients.conftest import Run
from tests.unit.gateway_cli.clients.test_effect import Terminal
from tests.unit.gateway_cli.outputs import OUTPUTS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = "docs/clients.md"
# A command in a block of its own, and what it prints in the next one.
EXAMPLE = re.compile(r"^```sh\n([^`]+)\n```\n\n```text\n.*?^```$", re.MULTILINE | re.DOTALL)

# The page shows no whole key, because secret scanners would report it.
KEY = re.compile(rf"{client_key.PREFIX}\w+")


def hidden(key: re.Match[str]) -> str:
    """What the page has in place of a key."""
    assert client_key.is_well_formed(key[0])
    return f"{client_key.PREFIX}…"


def outputs_of(_: object, env: str, __: object = None) -> StackOutputs:
    table = clients_table.TABLE if env == "dev" else f"{clients_table.TABLE}-{env}"
    return replace(OUTPUTS, stage_name=env, clients_table=table)


def printed(command: str) -> str:
    """What a terminal shows after the command. The person answers yes to each question."""
    inner = re.sub(r"^KEY=\$\((.*)\)$", r"\1", command)
    program, *arguments = shlex.split(inner.replace("\\\n", ""))
    assert program == "chat-gateway"
    result = CliRunner().invoke(cli, arguments, input="y\n")
    assert isinstance(result.exception, SystemExit | None), result.exception
    shown = KEY.sub(hidden, result.output if inner == command else result.stderr)
    return "".join(f"{row.rstrip()}\n" for row in shown.splitlines())


def page_as_printed() -> str:
    """The page with what each command prints now; the commands run in the page's order."""
    return EXAMPLE.sub(
        lambda found: f"```sh\n{found[1]}\n```\n\n```text\n{printed(found[1])}```", documents.text(PAGE)
    )


@pytest.fixture
def example(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two environments without clients, a person at the terminal, and the same keys and times in each run."""
    schema: Any = {
        "KeySchema": [{"AttributeName": "key_sha256", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "key_sha256", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    dynamodb.create_table(TableName=f"{clients_table.TABLE}-staging", **schema)
    numbers, minutes = count(1), count(10)
    monkeypatch.setattr(
        new_keys,
        "new_key",
        lambda: client_key.from_random(stored.sha256(f"key {next(numbers)}").encode()[:32]),
    )
    monkeypatch.setattr(dates, "now", lambda: f"2026-11-27T09:{next(minutes)}:00+00:00")
    monkeypatch.setattr("gateway_cli.clients.parameters.time.time", lambda: 1_795_770_000.0)
    monkeypatch.setattr("gateway_cli.clients.records.time.time", lambda: 1_795_770_000.0)
    monkeypatch.setattr(stack_outputs, "read", outputs_of)
    monkeypatch.setattr(speech, "sys", Terminal)
    monkeypatch.chdir(tmp_path)


def test_documented_output_is_printed(example: None) -> None:
    """Run in the page's order, each command of docs/clients.md prints what stands below it."""
    assert page_as_printed() == documents.text(PAGE)


def test_page_has_examples() -> None:
    """Every command of the group stands in an example."""
    examples = EXAMPLE.findall(documents.text(PAGE))
    named = {
        re.sub(r"^.*chat-gateway clients (\w+).*$", r"\1", example, flags=re.DOTALL) for example in examples
    }
    assert named == clients.commands.keys()


# Command lines that together make every call of their command. `old` is a client of an earlier version.
PERMISSIONS = {
    "create": ["create new"],
    "update": ["update team-a --name x"],
    "rotate": ["rotate team-b"],
    "revoke": ["revoke team-a --all --yes", "revoke old --key KEY --yes"],
    "suspend": ["suspend team-a --yes", "suspend old --yes"],
    "resume": ["resume team-a"],
    "delete": ["delete team-a --yes", "delete old --yes"],
    "import": ["import new.jsonl", "import other.jsonl --update --yes"],
    "list": ["list"],
    "show": ["show team-a"],
    "export": ["export"],
}


def needed(dynamodb: DynamoDBClient, line: str) -> set[str]:
    """The IAM actions of the calls that the command makes of DynamoDB, without Scan."""
    actions: set[str] = set()

    def note(params: dict[str, Any], model: Any, **_: object) -> None:
        if model.name == "TransactWriteItems":
            kinds = {"ConditionCheck": "ConditionCheckItem"}
            operations = [kind for action in params["TransactItems"] for kind in action]
            actions.update(kinds.get(kind, f"{kind}Item") for kind in operations)
        else:
            actions.add(model.name)

    dynamodb.meta.events.register("provide-client-params.dynamodb.*", note)
    try:
        result = CliRunner().invoke(cli, ["clients", *line.split(), "--env", "dev"])
    finally:
        dynamodb.meta.events.unregister("provide-client-params.dynamodb.*", note)
    assert result.exit_code == 0, result.output
    assert "Scan" in actions
    return {f"`dynamodb:{action}`" for action in actions - {"Scan"}}


@pytest.mark.parametrize("command", sorted(PERMISSIONS))
def test_permissions_are_documented(run: Run, dynamodb: DynamoDBClient, command: str) -> None:
    """The table of permissions names exactly the IAM actions that each command needs."""
    made: set[str] = set()
    for line in PERMISSIONS[command]:
        for name in ("team-a", "team-b"):
            run("create", name)
        run("rotate", "team-a")
        first, *_ = stored.put_legacy(dynamodb, "old", keys=2)
        Path("new.jsonl").write_text('{"id": "new", "keys": [{"sha256": "' + "ab" * 32 + '"}]}')
        Path("other.jsonl").write_text('{"id": "team-a", "name": "y"}')
        made |= needed(dynamodb, line.replace("KEY", first))
    rows = documents.table(PAGE, "| command | needs |")
    (needs,) = [needs for commands, needs in rows if f"`{command}`" in commands.split(", ")]
    assert set(re.findall(r"`dynamodb:\w+`", needs)) == made


def test_every_command_has_permissions() -> None:
    """The previous test runs every command of the group."""
    assert PERMISSIONS.keys() == clients.commands.keys()


def test_flush_has_its_permission() -> None:
    """The permission of --now names the path that API Gateway's operation has."""
    api_gateway = botocore.session.get_session().get_service_model("apigateway")
    http = api_gateway.operation_model("FlushStageAuthorizersCache").http
    path = http["requestUri"].format(restapi_id="API_ID", stage_name="ENV")
    needs = dict(documents.table(PAGE, "| command | needs |"))["`--now`"]
    assert f"`apigateway:{http['method']}`" in needs
    assert f"::{path}`" in needs
