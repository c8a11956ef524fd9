"""`chat-gateway trace` tells the story of requests, jobs and batches of the deployed stack."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import Result
from openai import NotFoundError, OpenAI

from local.aws.guardrail_policy import BLOCKED_WORD
from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from tests.e2e import clients_command, operator_commands
from tests.e2e.batch_calls import REFUSED, ended, lines, made
from tests.e2e.conftest import MODEL

WITHIN_S = 60
PROMPT = "a prompt that no log has"
Text = Callable[..., str]


def trace(stack: LocalStack, *arguments: str) -> Result:
    return operator_commands.run(stack, "trace", *arguments)


@pytest.fixture
def told(stack: LocalStack) -> Text:
    """What `trace` prints, as soon as it has all these words."""

    def told(*arguments: str, words: tuple[str, ...]) -> str:
        deadline = time.monotonic() + WITHIN_S
        while True:
            result = trace(stack, *arguments)
            if all(word in result.stdout for word in words) and result.exit_code == 0:
                assert PROMPT not in result.output
                return result.stdout
            assert time.monotonic() < deadline, result.output
            time.sleep(0.3)

    return told


def asked(client: OpenAI, prompt: str = PROMPT, **changes: Any) -> Any:
    """The completion."""
    messages = [{"role": "user", "content": prompt}]
    return client.chat.completions.create(**{"model": MODEL, "messages": messages, **changes})


@pytest.mark.parametrize("of", ["request", "bedrock"])
def test_a_chat_completion(client: OpenAI, stack: LocalStack, told: Text, of: str) -> None:
    """An answered request is told by the gateway's id and by Bedrock's, with model, guardrail, tokens and sums."""
    raw = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=[{"role": "user", "content": PROMPT}]
    )
    id_ = raw.headers["x-request-id" if of == "request" else "x-bedrock-request-id"]
    text = told(id_, words=("chat function", "Sum: requests 1"))
    line = next(line for line in text.splitlines() if "chat function" in line)
    for words in ("answered 200 in", f"model {MODEL}", f"guardrail {stack.guardrail_identifier}", "tokens"):
        assert words in line


def test_an_error_says_what_it_means(client: OpenAI, told: Text) -> None:
    """An error is told with its code and its meaning."""
    with pytest.raises(NotFoundError) as caught:
        asked(client, model="openai.no-such-model-1:0")
    assert caught.value.request_id
    told(
        caught.value.request_id,
        words=("error 404 model_not_found", "this means: Bedrock does not know", "errors 1"),
    )


def test_a_stream(client: OpenAI, told: Text) -> None:
    """A stream is told as one."""
    with client.chat.completions.with_streaming_response.create(
        model=MODEL, messages=[{"role": "user", "content": PROMPT}], stream=True
    ) as answer:
        id_ = answer.headers["x-request-id"]
        answer.read()
    told(id_, words=("streamed 200 in", "first token after"))


def test_a_blocked_request(client: OpenAI, told: Text) -> None:
    """The guardrail's intervention is a line of its own. The word is not printed."""
    completion = asked(client, f"Where is {BLOCKED_WORD}?")
    text = told(completion._request_id, words=("intervened (INTERVENED)", ": INTERVENED"))
    assert BLOCKED_WORD not in text


def test_a_clients_own_id(client: OpenAI, told: Text) -> None:
    """Requests are found by the id that their caller gave them."""
    own = f"own-{uuid.uuid4()}"
    for _ in range(2):
        asked(client, extra_headers={"X-Client-Request-Id": own})
    told(own, words=("Sum: requests 2",))


def sent(stack: LocalStack, line: str) -> str:
    """Sends a job with an idempotency key, and returns the key."""
    key = f"traced-{uuid.uuid4()}"
    stack.session().client("sqs").send_message(
        QueueUrl=stack.jobs_queue_url,
        MessageBody=line,
        MessageAttributes={"idempotency_key": {"DataType": "String", "StringValue": key}},
    )
    return key


@pytest.fixture
def queues_emptied(stack: LocalStack) -> Iterator[None]:
    """Leaves no result and no dead letter to other tests."""
    yield
    for url in (stack.results_queue_url, stack.dead_letter_queue_url):
        stack.session().client("sqs").purge_queue(QueueUrl=url)


@pytest.mark.usefixtures("queues_emptied")
@pytest.mark.parametrize("prefix", ["", "batch_req_"])
def test_a_job(stack: LocalStack, told: Text, prefix: str) -> None:
    """A job is told by its key and by its id: the delivery, the attempt and the record."""
    key = sent(stack, job_lines.job("traced", PROMPT))
    told(
        f"{prefix}{key}",
        words=("SQS delivered", "attempt 1: answered 200", "the job is answered", "job attempts 1"),
    )


@pytest.mark.usefixtures("queues_emptied")
def test_a_dead_letter(stack: LocalStack, told: Text) -> None:
    """Each attempt of a job that failed for good is a line, and the record says what it became."""
    key = sent(stack, job_lines.job("traced", PROMPT, standin_fault={"status": 500}))
    text = told(key, words=("dead-letters list", "job record     the job is a dead letter"))
    assert "tried again in" in text
    attempts = [line for line in text.splitlines() if ": error 500" in line]
    assert len(attempts) == 3  # jobs.max_attempts of the environment
    assert "job attempts 3" in text


def test_a_batch(stack: LocalStack, sdk: OpenAI, told: Text) -> None:
    """A batch is its steps, statuses and counts. With --lines, each line that failed is told, too."""
    client_id = f"traced-{uuid.uuid4()}"
    owner = sdk.with_options(api_key=clients_command.created(stack, client_id), max_retries=0)
    try:
        content = lines(3) + job_lines.job("refused", "no", **REFUSED).encode()
        batch = ended(owner, made(owner, content))
        text = told(batch.id, words=("batch steps", "became completed", "3 of 4 lines answered, 1 failed"))
        assert "worker" not in text
        told(batch.id, "--lines", words=("worker", "error 400", f"batch {batch.id} line 4"))
    finally:
        assert clients_command.run(stack, "delete", client_id, "--files", "--yes").exit_code == 0


def test_raw_lines(client: OpenAI, told: Text) -> None:
    """With --json, the lines are printed as the function wrote them."""
    completion = asked(client)
    text = told(completion._request_id, "--json", words=("chat completion",))
    lines = [json.loads(line) for line in text.splitlines()]
    (line,) = (line["line"] for line in lines if line["line"]["message"] == "chat completion")
    assert line["request_id"] == completion._request_id
    assert line["bedrock_request_id"]


def test_nothing_is_found(stack: LocalStack) -> None:
    """An id that nothing has is another exit code, with the possible reasons."""
    result = trace(stack, f"nobody-{uuid.uuid4()}", "--since", "1h")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "--since" in result.stderr
