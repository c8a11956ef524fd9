"""After all other tests, every log line matches the schema, and none holds a secret, personal data or a caller's text.

The file's name sorts it last.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat_gateway.service.line_metrics import UNITS
from guardrail_proof.settings import CANARY_WORD
from infra.log_lines.lines import LINES
from local.aws.guardrail_policy import BLOCKED_INPUT_MESSAGE, BLOCKED_WORD
from local.stack.local_stack import LocalStack
from tests.e2e import batch_calls, stack_logs
from tests.e2e.limited_team import MESSAGES
from tests.log_checks import hunt, schema_check

Line = dict[str, Any]
# The functions that see requests, files or batches, by a part of the name of their log group.
FUNCTIONS = {
    "ChatFunction": ["chat completion", "guardrail intervention"],
    "JobWorker": ["job", "jobs"],
    "ResourcesFunction": ["resource"],
    "BatchSteps": ["batch step"],
    "Authorizer": ["client authentication"],
}
# What the runtimes write beside the functions, each line in whole or in part. Some tests kill the emulator's workers.
_OF_RUNTIMES = re.compile(
    r"(?:START|END|REPORT|INIT_START|XRAY) |\[ERROR\] |Traceback |Worker process died$|\s|$"
)

# The CDK's own function that invokes the prover.
_OF_THE_CDK = "AWSCDKTrigger"


@pytest.fixture(scope="module")
def logged(stack: LocalStack) -> dict[str, str]:
    """Everything in the logs, by log group."""
    return stack_logs.by_group(stack)


@pytest.fixture(scope="module")
def everything_logged(logged: dict[str, str]) -> str:
    return "\n".join(logged.values())


@pytest.fixture(scope="module")
def logged_by_functions(logged: dict[str, str]) -> dict[str, str]:
    """The logs of the gateway's functions, by log group."""
    return {group: text for group, text in logged.items() if _OF_THE_CDK not in group}


@pytest.fixture(scope="module")
def lines(logged_by_functions: dict[str, str]) -> dict[str, list[Line]]:
    """The JSON lines, by log group."""
    return stack_logs.json_lines(logged_by_functions)


@pytest.fixture(scope="module")
def every_line(lines: dict[str, list[Line]]) -> list[Line]:
    return [line for found in lines.values() for line in found]


def test_the_functions_logged_at_all(everything_logged: str) -> None:
    for message in ("chat completion", "job", "client authentication", "resource", "batch step"):
        assert f'"message":"{message}"' in everything_logged


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_functions_log_is_searched(lines: dict[str, list[Line]], function: str) -> None:
    """The log groups of all functions are among those that are searched, with the lines that they write."""
    found = {line.get("message") for group, own in lines.items() if function in group for line in own}
    assert set(FUNCTIONS[function]) <= found, sorted(lines)


def test_every_line_matches_the_schema(every_line: list[Line]) -> None:
    """Each JSON line of each log group has the fields of docs/logs.schema.json, and no others."""
    wrong = {problem for line in every_line for problem in schema_check.wrong(line)}
    assert sorted(wrong) == []


def test_no_line_is_unknown(logged_by_functions: dict[str, str]) -> None:
    """What is no JSON line is one of the runtime's; a failed deployment's traceback is in the prover's log only."""
    others = {
        (group, line[:120])
        for group, text in logged_by_functions.items()
        if "Prover" not in group
        for line in text.splitlines()
        if not line.startswith("{") and not _OF_RUNTIMES.match(line)
    }
    assert sorted(others) == []


def test_most_kinds_of_lines_were_seen(every_line: list[Line]) -> None:
    """The end-to-end tests cause most kinds of lines, so that the schema is compared with real ones."""
    seen = {line.get("message") for line in every_line}
    assert len(seen & {line.message for line in LINES}) >= 6, seen


@pytest.mark.parametrize(
    "words",
    [
        "capital of France",
        "echo: ",
        "ada@example.com",
        BLOCKED_WORD,
        CANARY_WORD,
        BLOCKED_INPUT_MESSAGE,
        "number 17",
        MESSAGES[0]["content"],
        "nobody-has-this-key",
        "lines.jsonl",
        "a line of a file",
        batch_calls.FILENAME,
        batch_calls.METADATA,
        "X-Amz-Signature",
        "no-such-name",
        "the end of its life",
        "Say hi",
        "Weather in Paris",
        "sunny",
        "Alice is 30",
        "one two three",
        "joke about cats",
        "Change the greeting",
        "Be brief",
        "Count to ",
        '"Hi"',
        '"Hello"',
    ],
)
def test_no_word_of_a_prompt_completion_or_token_is_logged(everything_logged: str, words: str) -> None:
    assert words not in everything_logged


def test_no_key_or_personal_data_is_logged(every_line: list[Line]) -> None:
    """No field holds a key, an e-mail address, an IP address, a phone number or a card number."""
    assert sorted({found for line in every_line for found in hunt.found_in(line)}) == []


def test_no_key_is_logged(stack: LocalStack, everything_logged: str) -> None:
    assert stack.api_key not in everything_logged
    assert stack.bedrock_api_key not in everything_logged
    assert (
        re.search(
            r"bcg-[0-9A-Za-z_-]{20}|\bABSK[A-Za-z0-9+/=]{12}|bedrock-api-key-[A-Za-z0-9]{8}",
            everything_logged,
        )
        is None
    )


def test_no_traceback_was_logged_but_the_one_that_fails_a_deployment(logged: dict[str, str]) -> None:
    assert [group for group, text in logged.items() if "Traceback" in text and "Prover" not in group] == []


@pytest.mark.parametrize(("message", "service"), [("chat completion", "api"), ("job", "worker")])
def test_metrics(every_line: list[Line], message: str, service: str) -> None:
    """Each line of a request or job names its metrics, which are numbers of the line, and their dimensions."""
    found = [line for line in every_line if line.get("message") == message]
    assert found
    for line in found:
        every, *by_class = line["_aws"]["CloudWatchMetrics"]
        assert every["Namespace"] == "BedrockChatGateway"
        assert every["Dimensions"] == [["service", "environment"]]
        units = {metric["Name"]: metric["Unit"] for metric in every["Metrics"]}
        assert units == {name: UNITS[name] for name in UNITS if name in line}
        assert all(isinstance(line[name], int | float) for name in units)
        assert line["environment"] == "local"
        assert line["service"].endswith(f"-local-{service}")
        assert [one["Dimensions"] for one in by_class] == (
            [[["service", "environment", "error_class"]]] if "errors" in line else []
        )


def test_metrics_of_errors(every_line: list[Line]) -> None:
    """Errors, throttles and failures of the tests are counted; an answer is no error."""
    chats = [line for line in every_line if line.get("message") == "chat completion"]
    assert all(("errors" in line) is ("error_class" in line) for line in chats)
    assert {line["status"] for line in chats if "throttles" in line} == {429}
    assert any("failures" in line for line in chats)
    assert not any("failures" in line for line in chats if 400 <= line["status"] < 500)


def test_the_emulator_makes_no_metrics_of_lines(stack: LocalStack) -> None:
    """The emulator does not read the embedded metric format, so that these tests read the lines themselves."""
    found = stack.session().client("cloudwatch").list_metrics(Namespace="BedrockChatGateway")["Metrics"]
    assert found == []
