"""One attempt at a job: claims the job, asks Bedrock, stores the answer, and decides the outcome."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.bedrock import retry_after
from chat_gateway.client_policies.errors import ClientLimitError, InsufficientQuotaError, OverLimitError
from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.completions import retry
from chat_gateway.completions.retry import Attempts
from chat_gateway.core.errors import (
    GatewayError,
    ResponseTooLargeError,
    UpstreamAccessError,
    UpstreamCredentialsError,
    UpstreamError,
)
from chat_gateway.jobs import delays as job_delays
from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs import senders
from chat_gateway.jobs.delays import JobDelays
from chat_gateway.jobs.ends import JobEnds
from chat_gateway.jobs.lines import Job, JobMessage, Result
from chat_gateway.jobs.outcomes import (
    Done,
    IdempotencyKeyConflictError,
    InputFileMissingError,
    JobNotBegunError,
    JobOutcome,
    NotRunError,
    Redeliver,
    Send,
    Undecided,
    WorkersDiedError,
)
from chat_gateway.jobs.records import Answered, Conflicting, Held, JobRecords
from chat_gateway.jobs.settings import WorkerSettings
from chat_gateway.jobs.vetting.vetting import Vetted
from chat_gateway.service.request_log import RequestLog
from chat_gateway.service.settings import UpstreamSettings
from client_keys.policy import UNLIMITED

if TYPE_CHECKING:
    from chat_gateway.bedrock.client import Completion
    from chat_gateway.client_policies.meter import Meter, Metering
    from chat_gateway.completions.completions import ChatCompletions
    from chat_gateway.jobs.batch_lines.batch_lines import BatchLines
    from client_keys.policy import Policy

# 4xx statuses that may pass: timeout, model error, throttling.
_PASSING_CLIENT_ERRORS = frozenset({408, 424, 429})
# Bedrock is busy: this does not count against the job, and other jobs of the model would fail, too.
_BUSY = frozenset({429, 503, 529})


@dataclass(slots=True, kw_only=True)
class Run:
    """An attempt that has ended. Its log line is written after the outcome was handled."""

    message: JobMessage
    log: RequestLog
    started: float
    outcome: JobOutcome


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A claimed message. `number` counts this attempt and earlier ones that failed or died."""

    message: JobMessage
    owner: str
    number: int


_Try = Callable[[_Attempt, RequestLog], JobOutcome]


@dataclass(slots=True, kw_only=True)
class JobRuns:
    """The attempts of one invocation, made by any number of threads.

    Times are in monotonic seconds: `clock`, `ends_at` (the deadline for answers from Bedrock) and `killed_at` (when
    Lambda ends the invocation). `vetted` says which messages kill their worker.
    """

    completions: ChatCompletions
    records: JobRecords
    queue_ends: JobEnds
    lines: Callable[[], BatchLines]  # made when the first line of a batch comes
    upstream: UpstreamSettings
    settings: WorkerSettings
    delays: JobDelays
    policies: ClientPolicies
    metering: Callable[[], Metering]
    ends_at: float
    killed_at: float
    new_log: Callable[[], RequestLog]
    vetted: Vetted = field(default_factory=Vetted)
    # By message id, why a line of a batch is not run.
    not_loaded: Mapping[str, NotRunError] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    # By model, the error that says that Bedrock is busy. Under None, an error of the credentials.
    busy: dict[str | None, GatewayError] = field(default_factory=dict)
    # By client, the error that says that the client's limits refuse jobs now.
    over_limit: dict[str, GatewayError] = field(default_factory=dict)
    # By model, when a job was last answered.
    _answered_at: dict[str, float] = field(default_factory=dict)

    @property
    def begin_by(self) -> float:
        """The latest time to start a job."""
        return self.ends_at - self.settings.least_time_s

    def run(self, message: JobMessage) -> Run:
        """The ended attempt. Never raises."""
        started, log = self.clock(), self.new_log()
        message = senders.identified(message, self.settings)
        log.add(
            request_id=job_lines.result_id(message.key),
            receives=message.receives,
            sender=message.sender or None,
            idempotency_key_ignored=message.has_bad_key or None,
            client=message.client,
            client_ignored=(message.named_client is not None and not message.names_client) or None,
        )
        if message.batch_line is not None:
            log.add(batch=message.batch_line.batch_id, line=message.batch_line.number)
        log.add_guardrail(self.upstream.guardrail)
        try:
            outcome = self._outcome(message, log)
        except NotRunError as stop:
            outcome = self._not_run(message, stop, log)
        except Exception as fault:  # noqa: BLE001 - one job's fault must not fail the others
            outcome = self._failed(message, log.add_fault(fault), log)
        return Run(message=message, log=log, started=started, outcome=outcome)

    def again(self, message: JobMessage, error: GatewayError | None = None) -> Redeliver:
        """The next delivery, after a wait that grows with every receive."""
        if isinstance(error, UpstreamCredentialsError):
            return Redeliver(self.delays.max_s)  # attempts fail until an operator acts
        asked_s = retry_after.wait_s(error.headers()) if error is not None else None
        return Redeliver(self.delays.after(message.receives, asked_s=asked_s))

    def _ends(self, message: JobMessage) -> JobEnds:
        return self.queue_ends if message.batch_line is None else self.lines().ends

    def _outcome(self, message: JobMessage, log: RequestLog) -> JobOutcome:
        if message.id in self.not_loaded:
            raise self.not_loaded[message.id]
        if message.is_lost:
            return self._claimed(message, partial(self._refused, InputFileMissingError()), log)
        if message.id in self.vetted.unknown or self.clock() > self.begin_by:
            return self._not_begun(message, Redeliver(0), JobNotBegunError(), log)
        if message.id in self.vetted.killers:
            return self._claimed(message, self._killed, log)
        try:
            job = job_lines.parse(message.body, max_bytes=self.upstream.max_request_bytes)
        except GatewayError as error:
            return self._claimed(message, partial(self._refused, error), log)
        log.add_model(job.request.model, known=self.completions.names)
        log.add_custom_id(job.custom_id)
        busy = self.busy.get(None) or self.busy.get(job.request.model)
        busy = busy or self.over_limit.get(message.client or "")
        if busy is not None:
            return self._not_begun(message, self.again(message, busy), JobNotBegunError(busy), log)
        return self._claimed(message, partial(self._attempted, job), log)

    def _not_run(self, message: JobMessage, stop: NotRunError, log: RequestLog) -> JobOutcome:
        log.add(not_run=stop.reason)
        if stop.fault is not None:
            log.add_fault(stop.fault)
        return self.again(message) if stop.comes_again else Done()

    def _not_begun(
        self, message: JobMessage, redelivery: Redeliver, error: JobNotBegunError, log: RequestLog
    ) -> JobOutcome:
        _add_error(log, error)
        if self._may_come_again(message, redelivery):
            return redelivery
        return self._ends(message).given_up(message, error, attempts=None, log=log)

    def _claimed(self, message: JobMessage, try_: _Try, log: RequestLog) -> JobOutcome:
        """Claims the message, and returns the outcome of `try_`."""
        owner, lease_s = uuid.uuid4().hex, max(0.0, self.killed_at - self.clock())
        claim = self.records.claim(message, owner=owner, lease_s=lease_s)
        if isinstance(claim, Answered):
            log.add(answered_before=True)
            return self._ends(message).answered(message, claim.kept)
        if isinstance(claim, Conflicting):
            return self._conflicting(message, claim, log)
        if isinstance(claim, Held):
            log.add(held_elsewhere=True)
            return Redeliver(job_delays.until(claim.until_s, now_s=self.records.clock()))
        message = replace(message, client=claim.client)
        log.add(attempts=claim.attempts, client=claim.client)
        self._require_open(_Attempt(message, owner, claim.attempts), log)
        if claim.attempts > self.settings.max_attempts:
            died = WorkersDiedError()
            _add_error(log, died)
            return self._ends(message).given_up(message, died, attempts=claim.attempts - 1, log=log)
        return try_(_Attempt(message, owner, claim.attempts), log)

    def _require_open(self, attempt: _Attempt, log: RequestLog) -> None:
        """Releases the claim of a line that may not be run now, and raises as OpenBatches.require does.

        The claim came before: who ends a batch can see in the records which lines may still be answered.
        """
        if attempt.message.batch_line is None:
            return
        try:
            self.lines().batches.require(attempt.message.batch_line.batch_id)
        except Exception:
            self._release(attempt, log, counts=False)
            raise

    def _conflicting(self, message: JobMessage, claim: Conflicting, log: RequestLog) -> JobOutcome:
        """Sends an error line for this message. The other job's answer stays unchanged."""
        if message.batch_line is not None:
            raise NotRunError("record of another line", comes_again=True)
        error, id_ = IdempotencyKeyConflictError(), job_lines.conflict_id(message.id)
        _add_error(log, error)
        log.add(request_id=id_, sender=message.sender or None, key_sender=claim.sender or None)
        kills = message.id in self.vetted.killers  # reading it would kill this process
        custom_id = None if kills else job_lines.readable_custom_id(message.body)
        return Send(job_lines.error_result(id_, custom_id, error, client=message.client).line())

    def _killed(self, attempt: _Attempt, log: RequestLog) -> JobOutcome:
        """The job killed a child process: a failed attempt, without asking Bedrock."""
        died = WorkersDiedError()
        _add_error(log, died)
        self._release(attempt, log, counts=True)
        return self._failed(attempt.message, died, log, attempts=attempt.number)

    def _refused(self, error: GatewayError, attempt: _Attempt, log: RequestLog) -> JobOutcome:
        """The message is not a valid job: stores and sends an error line."""
        _add_error(log, error)
        return self._finished(attempt, self._ends(attempt.message).error_result(attempt.message, error), log)

    def _attempted(self, job: Job, attempt: _Attempt, log: RequestLog) -> JobOutcome:
        try:
            result = self._limited_answer(job, attempt.message, log)
        except GatewayError as error:
            return self._failed_upstream(attempt, job, error, log)
        except Exception as fault:  # noqa: BLE001 - the claim must be released in any case
            self._release(attempt, log, counts=True)
            return self._failed(attempt.message, log.add_fault(fault), log, attempts=attempt.number)
        return self._finished(attempt, result, log)

    def _finished(self, attempt: _Attempt, result: Result, log: RequestLog) -> JobOutcome:
        try:
            return self._ends(attempt.message).stored(attempt.message, result)
        except Exception as fault:  # noqa: BLE001 - an answer that was not stored must not be sent
            self._release(attempt, log, counts=True)
            return self._failed(attempt.message, log.add_fault(fault), log, attempts=attempt.number)

    def _limited_answer(self, job: Job, message: JobMessage, log: RequestLog) -> Result:
        """The result, which is an error if the job's client may not send it. Raises as `_answer` does, and AwsCallError."""
        policy = UNLIMITED
        if message.client is not None:
            try:
                job, policy = senders.limited(job, message.client, self.policies)
            except GatewayError as error:
                _add_error(log, error)
                return self._ends(message).error_result(message, error)
        if not policy.is_counted and not self.settings.record_usage:
            return self._answer(job, message, log)
        return self._metered_answer(job, policy, message, log)

    def _metered_answer(self, job: Job, policy: Policy, message: JobMessage, log: RequestLog) -> Result:
        """The result, counted against the client's limits and recorded as the client's usage."""
        from chat_gateway.client_policies.meter import Meter

        ends_in_s = self.killed_at - self.clock()
        models = self.completions.models(job.request.model)
        meter = Meter(
            self.metering(), message.client, policy, job.request, models=models, ends_in_s=ends_in_s
        )
        try:
            return self._answer(job, message, log, meter)
        finally:
            log.add(**meter.settle())

    def _answer(self, job: Job, message: JobMessage, log: RequestLog, meter: Meter | None = None) -> Result:
        """The result to store. Raises GatewayError if another attempt may succeed."""
        deadline = min(self.clock() + self.upstream.total_timeout_s, self.ends_at)
        tries = Attempts(policy=retry.FOR_JOBS, deadline=deadline, clock=self.clock, sleep=self.sleep)
        try:
            completion = self._completion(job, tries, meter)
        except GatewayError as error:
            _add_error(log, error)
            if _deserves_redelivery(error):
                raise
            return self._ends(message).error_result(message, error)
        finally:
            log.add(upstream_attempts=tries.count, **(tries.log_fields or {}))
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
            client=message.client,
        )

    def _completion(self, job: Job, tries: Attempts, meter: Meter | None) -> Completion:
        request = self.completions.prepared(job.request, caller_headers={})
        if meter is None:
            return self.completions.create(request, tries)
        meter.reserve(request.content)
        try:
            completion = self.completions.create(request, tries)
        except GatewayError as error:
            meter.failed(error)
            raise
        finally:
            if tries.target_model is not None:
                meter.asked(tries.target_model)
        meter.answered(completion.document.get("usage"))
        return completion

    def _failed_upstream(
        self, attempt: _Attempt, job: Job, error: GatewayError, log: RequestLog
    ) -> JobOutcome:
        is_busy, model, failed_at = error.status in _BUSY, job.request.model, self.clock()
        if isinstance(error, ClientLimitError):
            self.over_limit[attempt.message.client or ""] = error
        elif is_busy:
            everything = isinstance(error, UpstreamCredentialsError) and error.region is None
            self.busy[None if everything else model] = error
        if isinstance(error, UpstreamError) and error.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return Undecided(error, attempt.owner, attempt.number, model, failed_at)
        self._release(attempt, log, counts=not is_busy)
        return self._failed(attempt.message, error, log, attempts=None if is_busy else attempt.number)

    def decide(self, run: Run) -> None:
        """Decides the outcome of an undecided run after the rest of its batch has ended. Never raises.

        If Bedrock answered another job of the same model after the 503, the 503 counts against the job: some models answer
        503 to a parameter that they do not support. Otherwise Bedrock was busy, and the attempt does not count.
        """
        undecided = run.outcome
        if not isinstance(undecided, Undecided):
            return
        is_own = self._answered_at.get(undecided.model, -math.inf) > undecided.failed_at
        attempt = _Attempt(run.message, undecided.owner, undecided.number)
        self._release(attempt, run.log, counts=is_own)
        attempts = attempt.number if is_own else None
        run.outcome = self._failed(run.message, undecided.error, run.log, attempts=attempts)

    def _release(self, attempt: _Attempt, log: RequestLog, *, counts: bool) -> None:
        """Releases the claim. If this fails, the next delivery waits until the claim expires."""
        try:
            self.records.release(attempt.message, owner=attempt.owner, counts=counts)
        except AwsCallError as failure:
            log.add(release_failure=failure.code)

    def _failed(
        self, message: JobMessage, error: GatewayError, log: RequestLog, *, attempts: int | None = None
    ) -> JobOutcome:
        """The outcome of a failure. `attempts`: failed attempts that count, None if this one does not count."""
        redelivery = self.again(message, error)
        may_fail_again = attempts is None or attempts < self.settings.max_attempts
        if may_fail_again and self._may_come_again(message, redelivery):
            return redelivery
        return self._ends(message).given_up(message, error, attempts=attempts, log=log)

    def _may_come_again(self, message: JobMessage, redelivery: Redeliver) -> bool:
        """Whether SQS will deliver the job again, instead of moving it to the dead letters or deleting it."""
        age_s = self.records.clock() + redelivery.delay_s - message.sent_at_s
        return message.receives < self.settings.max_receives and age_s < self.settings.give_up_after_s


def _deserves_redelivery(error: GatewayError) -> bool:
    if isinstance(error, OverLimitError | InsufficientQuotaError | ResponseTooLargeError):
        return False
    if isinstance(error, UpstreamAccessError):
        return True  # an operator can grant access; the job becomes a dead letter, not an error line
    return error.status in _PASSING_CLIENT_ERRORS or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _add_error(log: RequestLog, error: GatewayError) -> None:
    log.add_error(error)
    log.add(status=error.status)
