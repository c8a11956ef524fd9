"""The commands in docs/clients.md print what the page says, and need the permissions that it names."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import date
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
from gateway_cli.usage import days, sums
from tests import documents
from tests.unit import clients_table, usage_table
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

MODEL, UNPRICED_MODEL = "openai.gpt-oss-120b-1:0", "deepseek.v3-v1:0"
USED = [
    ("2026-10-05", "team-a", MODEL, 31),
    ("2026-10-20", "team-a", MODEL, 12),
    ("2026-10-20", "team-b", MODEL, 17),
    ("2026-10-21", "team-b", UNPRICED_MODEL, 1),
]
MEASURES = {
    "requests": 412,
    "prompt_tokens": 518_204,
    "completion_tokens": 131_870,
    "cached_tokens": 20_480,
    "reasoning_tokens": 60_331,
    "cost_nano_usd": 156_852_600,
}


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


def put_usage(dynamodb: DynamoDBClient) -> None:
    """A month's usage of two clients and two models, and what team-b used of its budget in the month after."""
    usage_table.create(dynamodb)
    usage_table.put_cost_of_month(dynamodb, "team-b", "202611", 12_340_000_000)
    for day, client_id, model, factor in USED:
        measures = {name: number * factor for name, number in MEASURES.items()}
        if model == UNPRICED_MODEL:
            measures["unpriced_requests"] = measures["requests"]
            del measures["cost_nano_usd"]
        usage_table.put_day(dynamodb, day, client_id, {model: measures})


@pytest.fixture
def example(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two environments without clients, some usage, a person at the terminal, and the same keys and times in each run."""
    schema: Any = {
        "KeySchema": [{"AttributeName": "key_sha256", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "key_sha256", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    dynamodb.create_table(TableName=f"{clients_table.TABLE}-staging", **schema)
    put_usage(dynamodb)
    numbers, minutes = count(1), count(10)
    monkeypatch.setattr(
        new_keys,
        "new_key",
        lambda: client_key.from_random(stored.sha256(f"key {next(numbers)}").encode()[:32]),
    )
    monkeypatch.setattr(days, "today", lambda: date(2026, 11, 27))
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
    """Every command of the group, and `usage` by each of its keys, stands in an example."""
    examples = "\n".join(EXAMPLE.findall(documents.text(PAGE)))
    assert set(re.findall(r"chat-gateway clients ([\w-]+)", examples)) == clients.commands.keys()
    assert set(re.findall(r"chat-gateway usage --by (\w+)", examples)) == set(sums.KEYS)


# Command lines that together make every call of their command. `old` is a client of an earlier version.
PERMISSIONS = {
    "create": ["create new"],
    "update": ["update team-a --name x"],
    "rotate": ["rotate team-b"],
    "add-role": ["add-role team-a --role-arn arn:aws:iam::123456789012:role/R"],
    "revoke": ["revoke team-a --all --yes", "revoke old --key KEY --yes"],
    "suspend": ["suspend team-a --yes", "suspend old --yes"],
    "resume": ["resume team-a"],
    "delete": ["delete team-a --yes", "delete old --yes"],
    "import": ["import new.jsonl", "import other.jsonl --update --yes"],
    "list": ["list"],
    "show": ["show team-a", "show team-b"],
    "export": ["export"],
}


def documented(command: str) -> set[str]:
    """The IAM actions that the page names for the command."""
    rows = documents.table(PAGE, "| command | needs |")
    (needs,) = [needs for commands, needs in rows if f"`{command}`" in commands.split(", ")]
    return set(re.findall(r"`dynamodb:\w+`", needs))


def needed(dynamodb: DynamoDBClient, command: list[str]) -> set[str]:
    """The IAM actions of the calls that the command makes of DynamoDB."""
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
        result = CliRunner().invoke(cli, [*command, "--env", "dev"])
    finally:
        dynamodb.meta.events.unregister("provide-client-params.dynamodb.*", note)
    assert result.exit_code == 0, result.output
    return {f"`dynamodb:{action}`" for action in actions}


@pytest.mark.parametrize("command", sorted(PERMISSIONS))
def test_permissions_are_documented(run: Run, dynamodb: DynamoDBClient, command: str) -> None:
    """The table of permissions names exactly the IAM actions that each command needs."""
    made: set[str] = set()
    for line in PERMISSIONS[command]:
        run("create", "team-a")
        run("create", "team-b", "--max-completion-tokens", "9", "--monthly-budget-usd", "50")
        run("rotate", "team-a")
        first, *_ = stored.put_legacy(dynamodb, "old", keys=2)
        Path("new.jsonl").write_text('{"id": "new", "keys": [{"sha256": "' + "ab" * 32 + '"}]}')
        Path("other.jsonl").write_text('{"id": "team-a", "name": "y"}')
        actions = needed(dynamodb, ["clients", *line.replace("KEY", first).split()])
        assert "`dynamodb:Scan`" in actions
        made |= actions - {"`dynamodb:Scan`"}
    assert documented(command) == made


def test_usage_has_its_permission(run: Run, dynamodb: DynamoDBClient) -> None:
    """The command `usage` needs exactly the IAM action that the table names."""
    usage_table.create(dynamodb)
    for options in ([], ["--client", "team-a"]):
        assert needed(dynamodb, ["usage", "--by", "day", *options]) == documented("usage")


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
