"""Finds everything that the logs and tables have about an id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from gateway_cli.jobs import aws_clients
from gateway_cli.trace import events, ids
from gateway_cli.trace.batch_record import BatchRecords
from gateway_cli.trace.events import ACCESS, AUTHORIZER, CHAT, RESOURCES, STEPS, WORKER, Event
from gateway_cli.trace.job_record import JobRecordReader
from gateway_cli.trace.log_search import LogSearch

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs

# Requests that an id leads to, such as those with the same id of a client.
_MAX_REQUESTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The events in the order of time. `unread` says why a log group or table could not be read, by its name."""

    events: list[Event]
    searched: dict[str, str]
    unread: dict[str, str] = field(default_factory=dict)


def log_groups(outputs: StackOutputs) -> dict[str, str]:
    """The log groups of the stack by what writes them. Those that an earlier version did not name are left out."""
    groups = {
        ACCESS: outputs.access_log_group,
        AUTHORIZER: outputs.authorizer_log_group,
        CHAT: outputs.chat_log_group,
        RESOURCES: outputs.resources_log_group,
        WORKER: outputs.worker_log_group,
        STEPS: outputs.batch_steps_log_group,
    }
    return {where: group for where, group in groups.items() if group}


def of(session: boto3.Session, outputs: StackOutputs, id_: str, *, start_ms: int, has_lines: bool) -> Story:
    """Everything about the id since `start_ms`. `has_lines`: of a batch, also the lines that failed."""
    search = LogSearch(session.client("logs"), log_groups(outputs), start_ms)
    found = _of_batch(search, id_, has_lines=has_lines) if ids.is_batch(id_) else _of_request(search, id_)
    return Story(
        events=events.ordered([*found, *_of_tables(session, outputs, id_, found, search)]),
        searched=search.groups,
        unread=search.unread,
    )


def _of_request(search: LogSearch, id_: str) -> list[Event]:
    """The events of a request or job: those of the id, and those that they lead to."""
    key = ids.job_key(id_)
    wanted = [(where, id_) for where in search.groups]
    if key is not None and ids.job_id(key) != id_:
        wanted.append((WORKER, ids.job_id(key)))
    found = search.find(wanted)
    asked = {id_ for _, id_ in wanted}
    named = [named for named in events.request_ids(found) if named not in asked][:_MAX_REQUESTS]
    more = [
        *found,
        *search.find([(where, name) for name in named for where in (ACCESS, CHAT, RESOURCES, WORKER)]),
    ]
    return [*more, *_of_invocations(search, more)]


def _of_invocations(search: LogSearch, found: list[Event]) -> list[Event]:
    """The authorizer's lines, and Lambda's own about functions that were killed."""
    own = search.find((AUTHORIZER, id_) for id_ in events.authorizer_ids(found))
    killed = search.find(
        (where, id_) for id_ in events.unended_invocations(found) for where in (CHAT, RESOURCES, WORKER)
    )
    return [*own, *(event for event in killed if events.is_lambdas_own(event))]


def _of_batch(search: LogSearch, id_: str, *, has_lines: bool) -> list[Event]:
    """The events of a batch: its steps and calls. A large batch has very many lines in the worker's log."""
    found = search.find((where, id_) for where in (RESOURCES, STEPS))
    if not has_lines:
        return found
    lines = search.find([(WORKER, id_)])
    return [
        *found,
        *(event for event in lines if event.line.get("error_code") or event.line.get("error_class")),
    ]


def _of_tables(
    session: boto3.Session, outputs: StackOutputs, id_: str, found: list[Event], search: LogSearch
) -> list[Event]:
    dynamodb = aws_clients.dynamodb(session)
    if not ids.is_batch(id_):
        records = JobRecordReader(dynamodb, outputs.job_records_table)
        return _read(search, "table of job records", lambda: records.read(_job_keys(id_, found)))
    if outputs.resources_table is None:
        return []
    batches = BatchRecords(dynamodb, outputs.resources_table)
    return _read(search, "table of batches", lambda: batches.read(id_))


def _job_keys(id_: str, found: list[Event]) -> list[str]:
    """The keys of the jobs with lines, and of the id itself: the log may have forgotten the job."""
    jobs = [event for event in found if event.line.get("message") == "job"]
    named = [id_, *events.request_ids(jobs)]
    return [key for key in dict.fromkeys(map(ids.job_key, named)) if key is not None][:_MAX_REQUESTS]


def _read(search: LogSearch, name: str, read: Callable[[], list[Event]]) -> list[Event]:
    """What `read` returns; nothing, and a reason, if AWS does not answer."""
    try:
        return read()
    except ClientError as error:
        search.unread[name] = f"AWS answered {error.response['Error']['Code']} to {error.operation_name}"
    except BotoCoreError as error:
        search.unread[name] = str(error)
    return []
