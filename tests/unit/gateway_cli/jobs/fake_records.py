"""The table of job records in memory, with boto3's calls that the commands make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

TABLE = "job-records"


class FakeRecords:
    """Answers at once. `on_read` gets the keys of each call before the answer, and returns those to leave unread."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, str]] = {}
        self.asked: list[list[str]] = []
        self.begun_anew: list[str] = []
        self.put_back: list[tuple[str, str, str]] = []  # key, `dead_letter` and `attempts`
        self.refuses = False
        self.on_read: Callable[[list[str]], list[str]] = lambda _: []

    def answer(self, key: str, line: str) -> None:
        """Sets the line as the job's answer."""
        self.items[key] = {"answer_line": line}

    def bury(self, key: str) -> None:
        """Makes the job a dead letter."""
        self.items[key] = {"dead_letter": "message-1"}

    def update_item(self, *, Key: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: N803
        """For a job that begins again, or becomes a dead letter again."""
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "UpdateItem")
        key, values = Key["job"]["S"], changes["ExpressionAttributeValues"]
        if ":dead_letter" in values:
            self.put_back.append((key, values[":dead_letter"]["S"], values[":attempts"]["N"]))
            return {}
        self.begun_anew.append(key)
        return {"Attributes": {"dead_letter": {"S": "message-1"}, "attempts": {"N": "3"}}}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        ((table, request),) = RequestItems.items()
        assert table == TABLE
        names = set(request["ExpressionAttributeNames"].values())
        keys = [key["job"]["S"] for key in request["Keys"]]
        assert 1 <= len(keys) == len(set(keys)) <= 100
        self.asked.append(keys)
        unread = self.on_read(keys)
        found = [
            {name: {"S": value} for name, value in {"job": key, **self.items[key]}.items() if name in names}
            for key in keys
            if key in self.items and key not in unread
        ]
        left = {table: {**request, "Keys": [{"job": {"S": key}} for key in unread]}} if unread else {}
        return {"Responses": {table: found}, "UnprocessedKeys": left}
