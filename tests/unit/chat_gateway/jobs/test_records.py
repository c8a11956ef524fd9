"""Who may answer a job, and which answer counts, on DynamoDB's own conditions (moto)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from moto import mock_aws

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.jobs.lines import JobMessage, KeptLine
from chat_gateway.jobs.records import Answered, Claim, Claimed, Conflicting, Held, JobRecords
from tests.unit import moto_clients
from tests.unit.chat_gateway.job_messages import MESSAGE
from tests.unit.chat_gateway.jobs import job_table

FORGED = replace(MESSAGE, id="message-2", sender="AROAFORGER", body="[]")
ANSWER = KeptLine(line="the answer")
OTHER = KeptLine(line="another answer")


@dataclass
class Clock:
    """Epoch seconds, set by the test."""

    now_s: float = field(default=1_800_000_000.0)

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(function_env: None, clock: Clock) -> Iterator[JobRecords]:
    with mock_aws():
        table = job_table.created(moto_clients.dynamodb())
        yield JobRecords(dynamodb=table, table=job_table.TABLE, kept_for_s=432_000, clock=clock)


def claim(records: JobRecords, owner: str, message: JobMessage = MESSAGE) -> Claim:
    return records.claim(message, owner=owner, lease_s=100)


def test_one_of_two_claims_is_the_first(records: JobRecords, clock: Clock) -> None:
    assert claim(records, "first") == Claimed(1)
    held = claim(records, "second")
    assert isinstance(held, Held)
    assert 100 <= held.until_s - clock.now_s <= 105


def test_a_claim_whose_owner_died_is_taken_over_once_its_lease_has_ended(
    records: JobRecords, clock: Clock
) -> None:
    claim(records, "dead")
    clock.now_s += 100
    assert isinstance(claim(records, "early"), Held)
    clock.now_s += 5
    assert claim(records, "heir") == Claimed(2)


def test_an_answered_job_is_never_claimed_again(records: JobRecords, clock: Clock) -> None:
    claim(records, "first")
    assert records.finish(MESSAGE, ANSWER) == ANSWER
    clock.now_s += 1000
    assert claim(records, "second") == Answered(ANSWER)


def test_an_answer_in_s3_is_remembered_by_its_key(records: JobRecords) -> None:
    claim(records, "first")
    records.finish(MESSAGE, KeptLine(s3_key="results/large.json"))
    assert claim(records, "second") == Answered(KeptLine(s3_key="results/large.json"))


def test_stale_owner_gets_the_stored_answer(records: JobRecords, clock: Clock) -> None:
    """A stale owner cannot overwrite the answer, and gets the answer that was stored first."""
    claim(records, "stale")
    clock.now_s += 1000
    claim(records, "heir")
    assert records.finish(MESSAGE, ANSWER) == ANSWER
    assert records.finish(MESSAGE, OTHER) == ANSWER
    assert claim(records, "later") == Answered(ANSWER)


def test_a_stale_owner_who_is_first_after_all_is_not_paid_twice(records: JobRecords, clock: Clock) -> None:
    claim(records, "stale")
    clock.now_s += 1000
    claim(records, "heir")
    assert records.finish(MESSAGE, OTHER) == OTHER
    assert records.finish(MESSAGE, ANSWER) == OTHER


def test_a_released_job_can_be_claimed_at_once_and_its_failure_is_counted(records: JobRecords) -> None:
    claim(records, "first")
    records.release(MESSAGE, owner="first", counts=True)
    assert claim(records, "second") == Claimed(2)


def test_a_failure_that_is_not_the_jobs_own_is_not_counted(records: JobRecords) -> None:
    claim(records, "first")
    records.release(MESSAGE, owner="first", counts=False)
    assert claim(records, "second") == Claimed(1)


def test_nobody_releases_anothers_claim_or_twice(records: JobRecords) -> None:
    claim(records, "first")
    records.release(MESSAGE, owner="second", counts=False)
    assert isinstance(claim(records, "third"), Held)
    records.release(MESSAGE, owner="first", counts=False)
    records.release(MESSAGE, owner="first", counts=False)
    assert claim(records, "third") == Claimed(1)


def test_a_release_leaves_an_answer_alone(records: JobRecords) -> None:
    claim(records, "first")
    records.finish(MESSAGE, ANSWER)
    records.release(MESSAGE, owner="first", counts=True)
    assert claim(records, "second") == Answered(ANSWER)


def record(records: JobRecords) -> dict[str, Any]:
    (item,) = records.dynamodb.call("Scan", {"TableName": job_table.TABLE})["Items"]
    return dict(item)


def test_a_burial_is_noted(records: JobRecords, clock: Clock) -> None:
    """The record of a dead letter says so and lasts as long as any, even if no attempt was begun."""
    records.bury(MESSAGE)
    item = record(records)
    assert item["dead_letter"] == {"S": MESSAGE.id}
    assert int(item["expires_at"]["N"]) == clock.now_s + 432_000
    assert claim(records, "forger", FORGED) == Conflicting(sender="AROAOWNER")


def test_a_dead_letter_sent_back_begins_anew(records: JobRecords) -> None:
    """Another message under a dead letter's key has all attempts, and the record is no dead letter any more."""
    for number in range(5):
        claim(records, f"owner-{number}")
        records.release(MESSAGE, owner=f"owner-{number}", counts=True)
    records.bury(MESSAGE)
    assert claim(records, "forger", FORGED) == Conflicting(sender="AROAOWNER")
    assert claim(records, "heir", replace(MESSAGE, id="message-3")) == Claimed(1)
    assert "dead_letter" not in record(records)
    records.release(MESSAGE, owner="heir", counts=True)
    assert claim(records, "next", replace(MESSAGE, id="message-3")) == Claimed(2)


def test_a_dead_letter_delivered_again_goes_on(records: JobRecords, clock: Clock) -> None:
    """If the worker died after it made the dead letter, the same message gets no new attempts."""
    claim(records, "first")
    records.bury(MESSAGE)
    assert isinstance(claim(records, "early"), Held)
    clock.now_s += 1000
    assert claim(records, "second") == Claimed(2)


def test_an_answered_job_is_no_dead_letter(records: JobRecords) -> None:
    """The record holds only the answer, whether the answer or the dead letter came first."""
    claim(records, "first")
    records.bury(MESSAGE)
    records.finish(MESSAGE, ANSWER)
    records.bury(MESSAGE)
    assert "dead_letter" not in record(records)
    assert claim(records, "second", replace(MESSAGE, id="message-3")) == Answered(ANSWER)


def test_a_foreign_body_buries_nothing(records: JobRecords) -> None:
    """A message under another's key cannot make the other's job a dead letter."""
    claim(records, "first")
    records.bury(FORGED)
    assert "dead_letter" not in record(records)


def test_another_key_is_another_job(records: JobRecords) -> None:
    """The same body under another key is another job."""
    claim(records, "first")
    assert claim(records, "second", replace(MESSAGE, key="key-2")) == Claimed(1)


def test_a_key_belongs_to_its_first_body(records: JobRecords, clock: Clock) -> None:
    """In every state of a job, another body under the same key is a conflict."""
    conflict = Conflicting(sender="AROAOWNER")
    claim(records, "first")
    assert claim(records, "forger", FORGED) == conflict
    records.release(MESSAGE, owner="first", counts=True)
    assert claim(records, "forger", FORGED) == conflict
    assert claim(records, "second") == Claimed(2)
    clock.now_s += 1000
    assert claim(records, "forger", FORGED) == conflict
    records.finish(MESSAGE, ANSWER)
    assert claim(records, "forger", FORGED) == conflict
    assert claim(records, "third") == Answered(ANSWER)


def test_the_record_says_who_sent_it(records: JobRecords) -> None:
    """The record holds its sender, for the analysis of a conflict."""
    claim(records, "first")
    item = record(records)
    assert (item["job"], item["sender"]) == ({"S": "key-1"}, {"S": "AROAOWNER"})


def test_a_deleted_record_is_made_again(records: JobRecords) -> None:
    """A paid answer is stored even if someone deleted the claim."""
    records.finish(MESSAGE, ANSWER)
    assert claim(records, "second") == Answered(ANSWER)
    assert claim(records, "forger", FORGED) == Conflicting(sender="AROAOWNER")


def test_a_record_ends_by_itself_after_its_job(records: JobRecords, clock: Clock) -> None:
    claim(records, "first")
    item = record(records)
    assert int(item["expires_at"]["N"]) == clock.now_s + 432_000


def test_a_claim_whose_confirmation_was_lost_is_still_ours(records: JobRecords) -> None:
    """A claim that is repeated after a lost confirmation is still the same worker's."""
    assert claim(records, "first") == Claimed(1)
    assert claim(records, "first") == Claimed(1)


def test_where_the_table_cannot_be_reached_the_error_says_why(records: JobRecords) -> None:
    records.dynamodb.call("DeleteTable", {"TableName": job_table.TABLE})
    with pytest.raises(AwsCallError, match="ResourceNotFoundException"):
        claim(records, "first")
