"""One attempt at one job: claim it, ask Bedrock, store the answer; or say how it goes on."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.bedrock import retry_after
from chat_gateway.completions import retry
from chat_gateway.completions.completions import Completions
from chat_gateway.completions.retry import Attempts
from chat_gateway.core.errors import (
    GatewayError,
    UpstreamAccessError,
    UpstreamCredentialsError,
    UpstreamError,
)
from chat_gateway.jobs import delays as job_delays
from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs.dead_letter import dead_letter
from chat_gateway.jobs.delays import JobDelays
from chat_gateway.jobs.lines import Job, JobMessage, Result
from chat_gateway.jobs.outcomes import (
    Bury,
    IdempotencyKeyConflictError,
    JobNotBegunError,
    JobOutcome,
    Redeliver,
    Send,
    Undecided,
    WorkersDiedError,
)
from chat_gateway.jobs.records import Answered, Conflicting, Held, JobRecords
from chat_gateway.jobs.results import JobResults
from chat_gateway.jobs.settings import WorkerSettings
from chat_gateway.jobs.vetting.vetting import Vetted
from chat_gateway.service.request_log import RequestLog
from chat_gateway.service.settings import UpstreamSettings

# Client errors that another attempt may not meet again: timeout, model error, throttling.
_PASSING_CLIENT_ERRORS = frozenset({408, 424, 429})
# Bedrock takes no jobs now: that is not the failure of this one, and another would fare no better.
_BUSY = frozenset({429, 503, 529})


@dataclass(slots=True, kw_only=True)
class Run:
    """An attempt that has ended, and its log line, to be written once the outcome has been seen to."""

    message: JobMessage
    log: RequestLog
    started: float
    outcome: JobOutcome


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A message that is ours to answer. `number` counts this attempt and those before it that failed or died."""

    message: JobMessage
    owner: str
    number: int


_Try = Callable[[_Attempt, RequestLog], JobOutcome]


@dataclass(slots=True, kw_only=True)
class JobRuns:
    """The attempts of one invocation, made by any number of threads. `clock` is in monotonic seconds, and so are
    `ends_at`, when the last answer must have come, and `killed_at`, when Lambda will have ended the invocation.
    `vetted` says which messages kill their worker.
    """

    completions: Completions
    records: JobRecords
    results: JobResults
    upstream: UpstreamSettings
    settings: WorkerSettings
    delays: JobDelays
    ends_at: float
    killed_at: float
    new_log: Callable[[], RequestLog]
    vetted: Vetted = field(default_factory=Vetted)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    # What said that Bedrock takes no more jobs of a model for now; a refused key stands under None.
    busy: dict[str | None, GatewayError] = field(default_factory=dict)
    # When a job of a model was last answered.
    _answered_at: dict[str, float] = field(default_factory=dict)

    @property
    def begin_by(self) -> float:
        """When the last job may be begun."""
        return self.ends_at - self.settings.least_time_s

    def run(self, message: JobMessage) -> Run:
        """The attempt, however it ended: never raises."""
        started, log = self.clock(), self.new_log()
        log.add(
            request_id=job_lines.result_id(message.key),
            receives=message.receives,
            sender=message.sender or None,
            idempotency_key_ignored=message.has_bad_key or None,
        )
        log.add_guardrail(self.upstream.guardrail)
        try:
            outcome = self._outcome(message, log)
        except Exception as fault:  # noqa: BLE001 - one job's fault must not fail the others
            outcome = self._failed(message, log.add_fault(fault))
        return Run(message=message, log=log, started=started, outcome=self._noted(message, outcome, log))

    def again(self, message: JobMessage, error: GatewayError | None = None) -> Redeliver:
        """The wait before the next delivery, which grows with those there were."""
        if isinstance(error, UpstreamCredentialsError):
            return Redeliver(self.delays.max_s)  # until an operator has acted, every attempt is wasted
        asked_s = retry_after.wait_s(error.headers()) if error is not None else None
        return Redeliver(self.delays.after(message.receives, asked_s=asked_s))

    def _outcome(self, message: JobMessage, log: RequestLog) -> JobOutcome:
        if message.id in self.vetted.unknown or self.clock() > self.begin_by:
            return self._not_begun(message, Redeliver(0), JobNotBegunError(), log)
        if message.id in self.vetted.killers:
            return self._claimed(message, self._killed, log)
        try:
            job = job_lines.parse(message.body, max_bytes=self.upstream.max_request_bytes)
        except GatewayError as error:
            return self._claimed(message, partial(self._refused, error), log)
        log.add_model(job.request.model)
        log.add_custom_id(job.custom_id)
        busy = self.busy.get(None) or self.busy.get(job.request.model)
        if busy is not None:
            return self._not_begun(message, self.again(message, busy), JobNotBegunError(busy), log)
        return self._claimed(message, partial(self._attempted, job), log)

    def _not_begun(
        self, message: JobMessage, redelivery: Redeliver, error: JobNotBegunError, log: RequestLog
    ) -> JobOutcome:
        _add_error(log, error)
        if self._may_come_again(message, redelivery):
            return redelivery
        return Bury(dead_letter(message, error, attempts=None))

    def _claimed(self, message: JobMessage, try_: _Try, log: RequestLog) -> JobOutcome:
        """What `try_` makes of the message, once nobody else may answer it."""
        owner, lease_s = uuid.uuid4().hex, max(0.0, self.killed_at - self.clock())
        claim = self.records.claim(message, owner=owner, lease_s=lease_s)
        if isinstance(claim, Answered):
            log.add(answered_before=True)
            return Send(self.results.line(claim.kept))
        if isinstance(claim, Conflicting):
            return self._conflicting(message, claim, log)
        if isinstance(claim, Held):
            log.add(held_elsewhere=True)
            return Redeliver(job_delays.until(claim.until_s, now_s=self.records.clock()))
        log.add(attempts=claim.attempts)
        if claim.attempts > self.settings.max_attempts:
            died = WorkersDiedError()
            _add_error(log, died)
            return Bury(dead_letter(message, died, attempts=claim.attempts - 1))
        return try_(_Attempt(message, owner, claim.attempts), log)

    def _conflicting(self, message: JobMessage, claim: Conflicting, log: RequestLog) -> JobOutcome:
        """An error line of the message's own; what was answered under the key stays as it is."""
        error, id_ = IdempotencyKeyConflictError(), job_lines.conflict_id(message.id)
        _add_error(log, error)
        log.add(request_id=id_, sender=message.sender, key_sender=claim.sender)
        kills = message.id in self.vetted.killers  # whoever reads it
        custom_id = None if kills else job_lines.readable_custom_id(message.body)
        return Send(job_lines.error_result(id_, custom_id, error).line())

    def _killed(self, attempt: _Attempt, log: RequestLog) -> JobOutcome:
        """The job killed a child process in place of the worker: that is a failed attempt, without asking Bedrock."""
        died = WorkersDiedError()
        _add_error(log, died)
        self._release(attempt, log, counts=True)
        return self._failed(attempt.message, died, attempts=attempt.number)

    def _refused(self, error: GatewayError, attempt: _Attempt, log: RequestLog) -> JobOutcome:
        """The message is no job; that answer, too, is the only one under its key."""
        _add_error(log, error)
        return self._finished(attempt, _error_result(attempt.message, error), log)

    def _attempted(self, job: Job, attempt: _Attempt, log: RequestLog) -> JobOutcome:
        try:
            result = self._answer(job, attempt.message, log)
        except GatewayError as error:
            return self._failed_upstream(attempt, job, error, log)
        except Exception as fault:  # noqa: BLE001 - the claim must be given back whatever it was
            self._release(attempt, log, counts=True)
            return self._failed(attempt.message, log.add_fault(fault), attempts=attempt.number)
        return self._finished(attempt, result, log)

    def _finished(self, attempt: _Attempt, result: Result, log: RequestLog) -> JobOutcome:
        try:
            return Send(self._stored(attempt.message, result))
        except Exception as fault:  # noqa: BLE001 - an answer that cannot be kept must not be sent
            self._release(attempt, log, counts=True)
            return self._failed(attempt.message, log.add_fault(fault), attempts=attempt.number)

    def _answer(self, job: Job, message: JobMessage, log: RequestLog) -> Result:
        """The result to store. Raises GatewayError where the job is worth another attempt."""
        deadline = min(self.clock() + self.upstream.total_timeout_s, self.ends_at)
        tries = Attempts(policy=retry.FOR_JOBS, deadline=deadline, clock=self.clock, sleep=self.sleep)
        try:
            request = self.completions.prepared(job.request, caller_headers={})
            completion = self.completions.create(request, tries)
        except GatewayError as error:
            _add_error(log, error)
            if _deserves_redelivery(error):
                raise
            return _error_result(message, error)
        finally:
            log.add(upstream_attempts=tries.count)
        self._answered_at[job.request.model] = self.clock()
        log.record_completion(completion)
        log.add(status=HTTPStatus.OK)
        return job_lines.Result(
            id=job_lines.result_id(message.key),
            custom_id=job.custom_id,
            status_code=HTTPStatus.OK,
            request_id=completion.bedrock_request_id,
            body=completion.document,
            error=None,
        )

    def _stored(self, message: JobMessage, result: Result) -> str:
        """The line to send: this result's, or that of whoever was first."""
        ours = self.results.keep(result)
        first = self.records.finish(message, ours)
        is_whole_in_s3 = first == ours and ours.line is None
        return result.line() if is_whole_in_s3 else self.results.line(first)

    def _failed_upstream(
        self, attempt: _Attempt, job: Job, error: GatewayError, log: RequestLog
    ) -> JobOutcome:
        is_busy, model, failed_at = error.status in _BUSY, job.request.model, self.clock()
        if is_busy:
            everything = isinstance(error, UpstreamCredentialsError)
            self.busy[None if everything else model] = error
        if isinstance(error, UpstreamError) and error.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return Undecided(error, attempt.owner, attempt.number, model, failed_at)
        self._release(attempt, log, counts=not is_busy)
        return self._failed(attempt.message, error, attempts=None if is_busy else attempt.number)

    def decide(self, run: Run) -> None:
        """Gives an undecided run its outcome once the others of its batch have ended: never raises.

        A 503 is the job's own failure where Bedrock answered another job of the same model after it: some models answer
        so to a parameter that they do not take. Otherwise Bedrock was busy, which costs the job no attempt.
        """
        undecided = run.outcome
        if not isinstance(undecided, Undecided):
            return
        is_own = self._answered_at.get(undecided.model, -math.inf) > undecided.failed_at
        attempt = _Attempt(run.message, undecided.owner, undecided.number)
        self._release(attempt, run.log, counts=is_own)
        outcome = self._failed(run.message, undecided.error, attempts=attempt.number if is_own else None)
        run.outcome = self._noted(run.message, outcome, run.log)

    def _release(self, attempt: _Attempt, log: RequestLog, *, counts: bool) -> None:
        """Where it fails, the next delivery waits for the lease to end."""
        try:
            self.records.release(attempt.message, owner=attempt.owner, counts=counts)
        except AwsCallError as failure:
            log.add(release_failure=failure.code)

    def _noted(self, message: JobMessage, outcome: JobOutcome, log: RequestLog) -> JobOutcome:
        """The outcome, and a burial is in the job's record.

        Where that fails, whoever waits for the answer waits in vain, and a job that is sent back has fewer attempts.
        """
        try:
            if isinstance(outcome, Bury):
                self.records.bury(message)
        except Exception as failure:  # noqa: BLE001 - the job is buried all the same
            log.add(burial_failure=getattr(failure, "code", type(failure).__name__))
        return outcome

    def _failed(self, message: JobMessage, error: GatewayError, *, attempts: int | None = None) -> JobOutcome:
        """`attempts`: how many failed by the job's own doing, None where this one did not."""
        redelivery = self.again(message, error)
        may_fail_again = attempts is None or attempts < self.settings.max_attempts
        if may_fail_again and self._may_come_again(message, redelivery):
            return redelivery
        return Bury(dead_letter(message, error, attempts=attempts))

    def _may_come_again(self, message: JobMessage, redelivery: Redeliver) -> bool:
        """Whether SQS will deliver it once more, and neither move it away without a word of why nor delete it."""
        age_s = self.records.clock() + redelivery.delay_s - message.sent_at_s
        return message.receives < self.settings.max_receives and age_s < self.settings.give_up_after_s


def _deserves_redelivery(error: GatewayError) -> bool:
    if isinstance(error, UpstreamAccessError):
        return True  # once an operator has acted; until then it is a dead letter, and no error line
    return error.status in _PASSING_CLIENT_ERRORS or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _add_error(log: RequestLog, error: GatewayError) -> None:
    log.add_error(error)
    log.add(status=error.status)


def _error_result(message: JobMessage, error: GatewayError) -> Result:
    return job_lines.error_result(
        job_lines.result_id(message.key), job_lines.readable_custom_id(message.body), error
    )
