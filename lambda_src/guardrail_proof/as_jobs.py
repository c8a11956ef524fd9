"""The probes as jobs: sent to the jobs queue, read from the results queue, whose other messages stay."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from guardrail_proof import probes
from guardrail_proof.probes import Probe, Prompt

if TYPE_CHECKING:
    import boto3

# A job is sent again after each of them: a program that reads the results may take one that is ours.
_ROUNDS, _ROUND_S = 3, 40.0
# Longest that both probes take.
WITHIN_S = _ROUNDS * _ROUND_S
_LONG_POLL_S = 2
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
_BATCH = 10
# Others' results are out of the way for so long at most, so that ours are found among many.
_HIDDEN_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """The queues' URLs, what to ask, and for how long; a round is in seconds."""

    jobs_queue_url: str
    results_queue_url: str
    model: str
    canary: str
    round_s: float = _ROUND_S


def as_jobs(queues: Queues, session: boto3.Session) -> Iterator[Probe]:
    """Both prompts as jobs. Results of others are back in their queue when the last probe is out."""
    prompts = probes.prompts(queues.canary)
    ends = _Exchange(queues, session).ends(prompts)
    missing = probes.no_end(f"no result within {_ROUNDS * queues.round_s:g} s")
    for prompt in prompts:
        yield probes.judged("as a job", prompt, ends.get(prompt, missing))


@dataclass(slots=True)
class _Exchange:
    """Sends the jobs and collects their ends."""

    queues: Queues
    session: boto3.Session
    sent: dict[str, Prompt] = field(default_factory=dict)  # by custom_id
    others: list[str] = field(default_factory=list)  # receipt handles

    def ends(self, prompts: tuple[Prompt, ...]) -> dict[Prompt, str]:
        """The end of each prompt whose result came."""
        found: dict[Prompt, str] = {}
        try:
            for _ in range(_ROUNDS):
                missing = [prompt for prompt in prompts if prompt not in found]
                for prompt in missing:
                    self._send(prompt)
                deadline = time.monotonic() + self.queues.round_s
                while len(found) < len(prompts) and time.monotonic() < deadline:
                    found.update(self._receive())
        finally:
            self._give_back()
        return found

    def _send(self, prompt: Prompt) -> None:
        custom_id = f"prove-{uuid.uuid4()}"
        self.sent[custom_id] = prompt
        line = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions"}
        self.session.client("sqs").send_message(
            QueueUrl=self.queues.jobs_queue_url,
            MessageBody=json.dumps({**line, "body": prompt.body(self.queues.model)}),
        )

    def _receive(self) -> Iterator[tuple[Prompt, str]]:
        sqs, url = self.session.client("sqs"), self.queues.results_queue_url
        messages = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_BATCH,
            WaitTimeSeconds=_LONG_POLL_S,
            VisibilityTimeout=_HIDDEN_S,
        )
        for message in messages.get("Messages", []):
            prompt = self.sent.get(_custom_id(message["Body"]))
            if prompt is None:
                self.others.append(message["ReceiptHandle"])
            else:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield prompt, probes.end_of_job(message["Body"])

    def _give_back(self) -> None:
        """Shows others' results again at once; what fails here comes back by itself."""
        sqs = self.session.client("sqs")
        for start in range(0, len(self.others), _BATCH):
            handles = enumerate(self.others[start : start + _BATCH])
            sqs.change_message_visibility_batch(
                QueueUrl=self.queues.results_queue_url,
                Entries=[{"Id": str(i), "ReceiptHandle": h, "VisibilityTimeout": 0} for i, h in handles],
            )


def _custom_id(body: str) -> str:
    try:
        custom_id = json.loads(body)["custom_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return custom_id if isinstance(custom_id, str) else ""
