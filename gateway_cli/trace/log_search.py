"""Searches log groups for ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from gateway_cli.trace import events, ids
from gateway_cli.trace.events import Event

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

# CloudWatch allows 5 to 10 FilterLogEvents a second in a region:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
_AT_ONCE = 4
_MAX_EVENTS = 10_000  # ours, of one id in one log group


@dataclass(frozen=True, slots=True)
class LogSearch:
    """Searches the log groups `groups` (by where they come from) from `start_ms` on.

    `unread` gets a reason for each log group that could not be read.
    """

    logs: CloudWatchLogsClient
    groups: dict[str, str]
    start_ms: int
    unread: dict[str, str] = field(default_factory=dict)

    def find(self, wanted: Iterable[tuple[str, str]]) -> list[Event]:
        """The events of each pair of a log group's `where` and an id. What cannot be an id is not searched."""
        pairs = [
            (where, id_) for where, id_ in dict.fromkeys(wanted) if where in self.groups and ids.is_id(id_)
        ]
        if not pairs:
            return []
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return [event for found in threads.map(self._found, pairs) for event in found]

    def _found(self, pair: tuple[str, str]) -> list[Event]:
        where, id_ = pair
        found: list[Event] = []
        try:
            for event in self._matching(where, id_):
                found.append(event)
                if len(found) == _MAX_EVENTS:
                    self.unread[where] = (
                        f"only its first {_MAX_EVENTS:,} lines were read; use a smaller --since"
                    )
                    break
        except ClientError as error:
            self.unread[where] = _reason(error, self.groups[where])
        except BotoCoreError as error:
            self.unread[where] = str(error)
        return found

    def _matching(self, where: str, id_: str) -> Iterator[Event]:
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.groups[where], startTime=self.start_ms, filterPattern=ids.pattern(id_)
        )
        for page in pages:
            for event in page["events"]:
                for line in events.read(event["message"]):
                    if events.is_about(line, id_):
                        yield Event(event["timestamp"], where, line)


def _reason(error: ClientError, group: str) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code == "ResourceNotFoundException":
        return f"there is no log group {group}"
    if "AccessDenied" in code:
        return f"your AWS credentials need the permission logs:FilterLogEvents on {group}"
    return f"AWS answered {code}"
