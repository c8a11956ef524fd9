"""Stores in DynamoDB who works on a job and the job's answer, so that a job is paid for once.

A record belongs to a message's key and to the first body that was sent with the key. A line of a batch has a key of its own,
and a body that never changes but may be lost, so its record belongs to the key alone. An invocation claims the record for
as long as the invocation can live. The first answer stored in a record is never replaced. The attribute `dead_letter` is
the id of the message that became a dead letter, until the job is claimed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chat_gateway.aws.json_client import CONDITION_FAILED, AwsCallError, AwsJsonPool
from chat_gateway.jobs.lines import JobMessage, KeptLine

_UNANSWERED = "attribute_not_exists(answer_line) AND attribute_not_exists(answer_key)"
_OWNED = "body_sha256 = :body, sender = :sender, client = if_not_exists(client, :client)"
_SAME_BODY = "(attribute_not_exists(body_sha256) OR body_sha256 = :body)"
_SAME_CLIENT = "(attribute_not_exists(client) OR client = :client)"
_FREE = "(attribute_not_exists(leased_until) OR leased_until < :now)"
_NOT_SENT_BACK = "(attribute_not_exists(dead_letter) OR dead_letter = :id)"
# The largest assumed difference between two workers' clocks.
_SKEW_S = 2


@dataclass(frozen=True, slots=True)
class Claimed:
    """The caller may answer the job. `attempts` counts this attempt and earlier ones that failed or died.

    `client` is the client that the job belonged to at its first attempt.
    """

    attempts: int
    client: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Another delivery of the job is in progress, until `until_s` (epoch seconds) at the latest."""

    until_s: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The job has an answer."""

    kept: KeptLine


@dataclass(frozen=True, slots=True)
class Conflicting:
    """The key belongs to another body, sent by `sender`."""

    sender: str


@dataclass(frozen=True, slots=True)
class _Buried:
    """The job became a dead letter as another message. This message was sent to try the job again."""

    message_id: str


Claim = Claimed | Held | Answered | Conflicting


class _RefusedError(Exception):
    """The condition of an update failed. `item` is the current record."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        super().__init__()
        self.item = item


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecords:
    """The table of job records. Methods raise AwsCallError if a call fails. `clock` is in epoch seconds."""

    dynamodb: AwsJsonPool
    table: str
    kept_for_s: int  # longer than SQS keeps a job
    clock: Callable[[], float] = time.time

    def claim(self, message: JobMessage, *, owner: str, lease_s: float) -> Claim:
        """Claims the job for `lease_s`, unless its key is another job's, it has an answer, or another claim still holds.

        When a dead letter is sent to the queue again, its attempts are counted from 0 again.
        """
        now_s = self.clock()
        try:
            changed = self._update(
                message,
                f"SET {_OWNED}, leased_by = :owner, leased_until = :until, expires_at = :expires "
                "REMOVE dead_letter ADD attempts :one",
                condition=f"{_same_job(message)} AND {_UNANSWERED} AND {_FREE} AND {_NOT_SENT_BACK}",
                returns="ALL_NEW",
                **_owned_by(message),
                owner={"S": owner},
                until=_number(now_s + lease_s + _SKEW_S),
                now=_number(now_s),
                expires=self._expires(),
                one={"N": "1"},
                id={"S": message.id},
            )
        except _RefusedError as refused:
            refusal = _refusal(message, owner, refused.item)
        else:
            return Claimed(int(changed["attempts"]["N"]), _client(changed))
        if not isinstance(refusal, _Buried):
            return refusal
        if not self._revive(message, refusal):
            return Held(now_s)  # another delivery was faster
        return self.claim(message, owner=owner, lease_s=lease_s)

    def finish(self, message: JobMessage, answer: KeptLine) -> KeptLine:
        """Stores the answer unless one is stored already. Returns the stored answer."""
        name = "answer_key" if answer.line is None else "answer_line"
        failed: dict[str, Any] = {"failed": {"BOOL": True}} if answer.is_failed else {}
        try:
            self._update(
                message,
                f"SET {_OWNED}, {name} = :answer, expires_at = :expires{', failed = :failed' if failed else ''} "
                "REMOVE leased_by, leased_until, dead_letter",
                condition=f"{_SAME_BODY} AND {_UNANSWERED}",
                **_owned_by(message),
                answer={"S": answer.line or answer.s3_key},
                expires=self._expires(),
                **failed,
            )
        except _RefusedError as refused:
            return _kept(refused.item) or answer
        return answer

    def release(self, message: JobMessage, *, owner: str, counts: bool) -> None:
        """Releases a claim after a failure. If not `counts`, the attempt is not counted."""
        with contextlib.suppress(_RefusedError):  # it is claimed by another delivery by now, or answered
            self._update(
                message,
                "SET leased_until = :ended ADD attempts :change",
                condition=f"leased_by = :owner AND leased_until > :ended AND {_UNANSWERED}",
                owner={"S": owner},
                ended={"N": "0"},
                change={"N": "0" if counts else "-1"},
            )

    def bury(self, message: JobMessage) -> None:
        """Notes that the job became a dead letter, unless it has an answer. Clients that wait for the answer read this."""
        with contextlib.suppress(_RefusedError):  # it is answered, or its key is another job's
            self._update(
                message,
                f"SET {_OWNED}, dead_letter = :id, expires_at = :expires",
                condition=f"{_SAME_BODY} AND {_UNANSWERED}",
                **_owned_by(message),
                id={"S": message.id},
                expires=self._expires(),
            )

    def _revive(self, message: JobMessage, buried: _Buried) -> bool:
        """Resets the attempts of a dead letter. Returns False if another delivery was faster."""
        try:
            self._update(
                message,
                "SET attempts = :none REMOVE dead_letter",
                condition="dead_letter = :buried",
                none={"N": "0"},
                buried={"S": buried.message_id},
            )
        except _RefusedError:
            return False
        return True

    def _update(
        self, message: JobMessage, expression: str, *, condition: str, returns: str = "NONE", **values: Any
    ) -> Any:
        """The changed attributes if `returns` is ALL_NEW. Raises _RefusedError if the condition fails."""
        try:
            answer = self.dynamodb.call(
                "UpdateItem",
                {
                    "TableName": self.table,
                    "Key": {"job": {"S": message.key}},
                    "UpdateExpression": expression,
                    "ConditionExpression": condition,
                    "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
                    "ReturnValues": returns,
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                },
            )
        except AwsCallError as error:
            if error.code != CONDITION_FAILED:
                raise
            raise _RefusedError(error.answer.get("Item", {})) from None
        return answer.get("Attributes")

    def _expires(self) -> Any:
        return _number(self.clock() + self.kept_for_s)


def _refusal(message: JobMessage, owner: str, item: Mapping[str, Any]) -> Claim | _Buried:
    """Why the record in `item` could not be claimed."""
    is_another_clients = message.names_client and _client(item) not in (message.client, None)
    if item["body_sha256"] != _body_sha256(message) or is_another_clients:
        return Conflicting(item["sender"]["S"])
    if (kept := _kept(item)) is not None:
        return Answered(kept)
    if (buried := item.get("dead_letter", {}).get("S", message.id)) != message.id:
        return _Buried(buried)
    # If the response to our claim was lost, the repeated claim is refused, but the claim is ours.
    if item["leased_by"]["S"] == owner:
        return Claimed(int(item["attempts"]["N"]), _client(item))
    return Held(float(item["leased_until"]["N"]))


def _owned_by(message: JobMessage) -> dict[str, Any]:
    client = {"S": message.client or ""}  # a job without a client stays without one
    return {"body": _body_sha256(message), "sender": {"S": message.sender}, "client": client}


def _body_sha256(message: JobMessage) -> Any:
    text = message.body if message.batch_line is None else message.key
    return {"S": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()}


def _same_job(message: JobMessage) -> str:
    """The condition that the record is this job's. A job whose message names no client keeps the client of its record."""
    return f"{_SAME_BODY} AND {_SAME_CLIENT}" if message.names_client else _SAME_BODY


def _client(item: Mapping[str, Any]) -> str | None:
    return item.get("client", {}).get("S") or None


def _number(seconds: float) -> Any:
    return {"N": str(math.ceil(seconds))}


def _kept(item: Mapping[str, Any]) -> KeptLine | None:
    is_failed = "failed" in item
    if "answer_line" in item:
        return KeptLine(line=item["answer_line"]["S"], is_failed=is_failed)
    return KeptLine(s3_key=item["answer_key"]["S"], is_failed=is_failed) if "answer_key" in item else None
