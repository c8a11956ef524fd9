"""After all other tests, no log holds a secret or a caller's text. The file's name sorts it last."""

from __future__ import annotations

import re

import pytest

from guardrail_proof.settings import CANARY_WORD
from local.aws.guardrail_policy import BLOCKED_INPUT_MESSAGE, BLOCKED_WORD
from local.stack.local_stack import LocalStack
from tests.e2e import batch_calls
from tests.e2e.limited_team import MESSAGES


@pytest.fixture(scope="module")
def logged(stack: LocalStack) -> dict[str, str]:
    """Everything in the logs, by log group."""
    logs = stack.session().client("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    pages = logs.get_paginator("filter_log_events").paginate
    return {
        group: "\n".join(event["message"] for page in pages(logGroupName=group) for event in page["events"])
        for group in groups
    }


@pytest.fixture(scope="module")
def everything_logged(logged: dict[str, str]) -> str:
    return "\n".join(logged.values())


def test_the_functions_logged_at_all(everything_logged: str) -> None:
    for message in ("chat completion", "job", "client authentication", "resource", "batch step"):
        assert f'"message":"{message}"' in everything_logged


@pytest.mark.parametrize("function", ["ChatFunction", "JobWorker", "ResourcesFunction", "BatchSteps"])
def test_each_functions_log_is_searched(logged: dict[str, str], function: str) -> None:
    """The log groups of all functions that see requests, files or batches are among those that are searched."""
    found = [group for group, text in logged.items() if function in group and '"level"' in text]
    assert found, sorted(logged)


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
    ],
)
def test_no_word_of_a_prompt_completion_or_token_is_logged(everything_logged: str, words: str) -> None:
    assert words not in everything_logged


def test_no_key_is_logged(stack: LocalStack, everything_logged: str) -> None:
    assert stack.api_key not in everything_logged
    assert stack.bedrock_api_key not in everything_logged
    assert re.search(r"bcg-[0-9A-Za-z_-]{20}", everything_logged) is None


def test_no_traceback_was_logged_but_the_one_that_fails_a_deployment(logged: dict[str, str]) -> None:
    assert [group for group, text in logged.items() if "Traceback" in text and "Prover" not in group] == []
