"""Remembers in DynamoDB who works on a job and what it was answered, so that one answer is paid for.

A record belongs to a message's key, and to the first body that was sent under it. It is claimed for as long as the
claiming invocation can live, and the first answer stored in it is the only one there will be. `dead_letter` in it is the
id of the message that became a dead letter, until the job is claimed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chat_gateway.aws.json_client import AwsCallError, AwsJsonPool
from chat_gateway.jobs.lines import JobMessage, KeptLine

_UNANSWERED = "attribute_not_exists(answer_line) AND attribute_not_exists(answer_key)"
_OWNED = "body_sha256 = :body, sender = :sender"
_SAME_BODY = "(attribute_not_exists(body_sha256) OR body_sha256 = :body)"
_FREE = "(attribute_not_exists(leased_until) OR leased_until < :now)"
_NOT_SENT_BACK = "(attribute_not_exists(dead_letter) OR dead_letter = :id)"
_CONDITION_FAILED = "ConditionalCheckFailedException"
# By how much the clocks of two workers may differ.
_SKEW_S = 2


@dataclass(frozen=True, slots=True)
class Claimed:
    """The job is the caller's to answer; `attempts` counts this one and those before it that failed or died."""

    attempts: int


@dataclass(frozen=True, slots=True)
class Held:
    """Another delivery of the same message is being worked on, at the latest until then (epoch seconds)."""

    until_s: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The job has its answer."""

    kept: KeptLine


@dataclass(frozen=True, slots=True)
class Conflicting:
    """The key belongs to another body, which `sender` sent."""

    sender: str


@dataclass(frozen=True, slots=True)
class _Buried:
    """The job is a dead letter, which was another message: this one sends it back to work."""

    message_id: str


Claim = Claimed | Held | Answered | Conflicting


class _RefusedError(Exception):
    """The record is not as a condition wants it; `item` is how it is."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        super().__init__()
        self.item = item


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecords:
    """One table. Every method raises AwsCallError where it cannot be reached. `clock` is in epoch seconds."""

    dynamodb: AwsJsonPool
    table: str
    kept_for_s: int  # longer than SQS keeps a job
    clock: Callable[[], float] = time.time

    def claim(self, message: JobMessage, *, owner: str, lease_s: float) -> Claim:
        """Takes the job for `lease_s`, unless its key is another's, it is answered, or someone's lease has not ended.

        The attempts of a dead letter that was sent back to work are counted anew.
        """
        now_s = self.clock()
        try:
            changed = self._update(
                message,
                f"SET {_OWNED}, leased_by = :owner, leased_until = :until, expires_at = :expires "
                "REMOVE dead_letter ADD attempts :one",
                condition=f"{_SAME_BODY} AND {_UNANSWERED} AND {_FREE} AND {_NOT_SENT_BACK}",
                returns="UPDATED_NEW",
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
            return Claimed(int(changed["attempts"]["N"]))
        if not isinstance(refusal, _Buried):
            return refusal
        if not self._revive(message, refusal):
            return Held(now_s)  # another delivery was first
        return self.claim(message, owner=owner, lease_s=lease_s)

    def finish(self, message: JobMessage, answer: KeptLine) -> KeptLine:
        """Stores the answer, and returns the one that counts: the first, whoever stored it."""
        name = "answer_key" if answer.line is None else "answer_line"
        try:
            self._update(
                message,
                f"SET {_OWNED}, {name} = :answer, expires_at = :expires "
                "REMOVE leased_by, leased_until, dead_letter",
                condition=f"{_SAME_BODY} AND {_UNANSWERED}",
                **_owned_by(message),
                answer={"S": answer.line or answer.s3_key},
                expires=self._expires(),
            )
        except _RefusedError as refused:
            return _kept(refused.item) or answer
        return answer

    def release(self, message: JobMessage, *, owner: str, counts: bool) -> None:
        """Gives a claim back after a failure; one that does not count is taken off the attempts."""
        with contextlib.suppress(_RefusedError):  # it is someone else's by now, or answered
            self._update(
                message,
                "SET leased_until = :ended ADD attempts :change",
                condition=f"leased_by = :owner AND leased_until > :ended AND {_UNANSWERED}",
                owner={"S": owner},
                ended={"N": "0"},
                change={"N": "0" if counts else "-1"},
            )

    def bury(self, message: JobMessage) -> None:
        """Notes that the job is a dead letter, for whoever waits for its answer, unless it has one."""
        with contextlib.suppress(_RefusedError):  # it is answered, or its key is another's
            self._update(
                message,
                f"SET {_OWNED}, dead_letter = :id, expires_at = :expires",
                condition=f"{_SAME_BODY} AND {_UNANSWERED}",
                **_owned_by(message),
                id={"S": message.id},
                expires=self._expires(),
            )

    def _revive(self, message: JobMessage, buried: _Buried) -> bool:
        """Whether the dead letter was still the one that was found."""
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
        """The changed attributes where `returns` is UPDATED_NEW. Raises _RefusedError where the condition fails."""
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
            if error.code != _CONDITION_FAILED:
                raise
            raise _RefusedError(error.answer.get("Item", {})) from None
        return answer.get("Attributes")

    def _expires(self) -> Any:
        return _number(self.clock() + self.kept_for_s)


def _refusal(message: JobMessage, owner: str, item: Mapping[str, Any]) -> Claim | _Buried:
    """Why the record in `item` could not be claimed."""
    if item["body_sha256"] != _body_sha256(message):
        return Conflicting(item["sender"]["S"])
    if (kept := _kept(item)) is not None:
        return Answered(kept)
    if (buried := item.get("dead_letter", {}).get("S", message.id)) != message.id:
        return _Buried(buried)
    # A claim whose answer was lost on the way is refused when it is repeated, and is still ours.
    if item["leased_by"]["S"] == owner:
        return Claimed(int(item["attempts"]["N"]))
    return Held(float(item["leased_until"]["N"]))


def _owned_by(message: JobMessage) -> dict[str, Any]:
    return {"body": _body_sha256(message), "sender": {"S": message.sender}}


def _body_sha256(message: JobMessage) -> Any:
    return {"S": hashlib.sha256(message.body.encode("utf-8", "surrogatepass")).hexdigest()}


def _number(seconds: float) -> Any:
    return {"N": str(math.ceil(seconds))}


def _kept(item: Mapping[str, Any]) -> KeptLine | None:
    if "answer_line" in item:
        return KeptLine(line=item["answer_line"]["S"])
    return KeptLine(s3_key=item["answer_key"]["S"]) if "answer_key" in item else None
