"""The file that `clients export` writes and `clients import` reads: a JSON object for each client, a line each.

Such a file has the SHA-256 hashes of keys. Nobody can make a key from its hash.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from client_keys import item as client_item
from client_keys import key as client_key
from client_keys import principal
from client_keys.item import Item
from client_keys.policy import Policy, UnusablePolicyError
from gateway_cli import json_line
from gateway_cli.clients import dates, limits, settings
from gateway_cli.clients.errors import NotImportedError
from gateway_cli.clients.limits import LIMITS
from gateway_cli.clients.records import StoredClient, StoredKey
from gateway_cli.clients.settings import CREATED_AT, ClientSettings
from gateway_cli.jobs import lines
from gateway_cli.json_line import BadLineError

MAX_LINE_BYTES = 65_536
MAX_KEYS = 99  # DynamoDB writes 100 items in one transaction, and the client's own is one of them
BAD_LINES_SHOWN = 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FIELDS = {
    *("id", "name", "owner", "state", "expires", "models", "stream", "jobs", "created", "keys"),
    *(limit.name for limit in LIMITS),
}
_KEY_FIELDS = {"sha256", "created", "expires", "role"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedClient:
    """A client as a file has it. `created_at` is None where the file does not say it."""

    line: int
    client_id: str
    settings: ClientSettings
    created_at: str | None
    keys: tuple[StoredKey, ...]


def written(client: StoredClient) -> str:
    """The client's line, without a line break. Raises UnreadableClientError."""
    found = client.readable_settings()
    document = {
        "id": client.client_id,
        "name": found.name,
        "owner": found.owner,
        "state": client_item.ACTIVE if found.is_active else client_item.SUSPENDED,
        "expires": None if found.valid_until is None else dates.shown(found.valid_until),
        "models": None if found.policy.models is None else list(found.policy.models),
        **limits.document(found.policy),
        "stream": found.policy.may_stream,
        "jobs": found.policy.may_send_jobs,
        "created": _created(client.created_at),
        "keys": [
            {
                "sha256": key.sha256,
                "created": _created(key.created_at),
                "expires": None if key.own_expiry is None else dates.shown(key.own_expiry),
                **({} if key.role is None else {"role": key.role}),
            }
            for key in client.keys
        ],
    }
    return json.dumps(document)


def read(file: BinaryIO) -> list[ListedClient]:
    """The clients of a file. Raises NotImportedError, which names the first bad lines and their reasons."""
    found: list[ListedClient] = []
    problems: list[str] = []
    lines_of_ids: dict[str, int] = {}
    lines_of_keys: dict[str, int] = {}
    for line in lines.read(file, max_bytes=MAX_LINE_BYTES):
        try:
            client = _client(line.number, line.raw)
            _require_new("client", [client.client_id], lines_of_ids, line.number)
            _require_new("key", [key.sha256 for key in client.keys], lines_of_keys, line.number)
        except BadLineError as error:
            problems.append(f"line {line.number}: {error}")
        else:
            found.append(client)
    refuse(problems)
    return found


def refuse(problems: list[str]) -> None:
    """Raises NotImportedError if there is a problem; the message has the first of them, a line each."""
    if problems:
        shown = problems[:BAD_LINES_SHOWN]
        more = [f"… and {len(problems) - len(shown)} more"] if len(problems) > len(shown) else []
        raise NotImportedError("\n".join(["Nothing was imported:", *shown, *more]))


def _require_new(what: str, names: list[str], seen: dict[str, int], line: int) -> None:
    for name in names:
        earlier = seen.setdefault(name, line)
        if earlier != line or names.count(name) > 1:
            raise BadLineError(f"the {what} {name} is in line {earlier} already")


def _client(number: int, raw: bytes | None) -> ListedClient:
    document = _document(raw)
    _require_fields(document, _FIELDS)
    if "id" not in document:
        raise BadLineError("'id' is missing")
    policy = Policy(
        models=_checked(document, "models", _models),
        may_stream=_checked(document, "stream", _flag) is not False,
        may_send_jobs=_checked(document, "jobs", _flag) is not False,
        **{limit.field: _checked(document, limit.name, limit.require) for limit in LIMITS},
    )
    found = ClientSettings(
        name=_checked(document, "name", settings.require_words),
        owner=_checked(document, "owner", settings.require_words),
        is_active=_checked(document, "state", _is_active) is not False,
        valid_until=_checked(document, "expires", _time),
        policy=policy,
    )
    try:
        found.attributes()
    except UnusablePolicyError as error:
        raise BadLineError(str(error)) from None
    return ListedClient(
        line=number,
        client_id=_required_id(document["id"]),
        settings=found,
        created_at=_checked(document, "created", _creation_time),
        keys=_checked(document, "keys", _keys) or (),
    )


def _document(raw: bytes | None) -> dict[str, Any]:
    if raw is None:
        raise BadLineError(f"longer than {MAX_LINE_BYTES} bytes")
    return json_line.loads(raw)


def _require_fields(document: dict[str, Any], known: Iterable[str]) -> None:
    unknown = sorted(document.keys() - set(known))
    if unknown:
        raise BadLineError(f"there is no field {unknown[0][:40]!a}")


def _checked(document: dict[str, Any], field: str, check: Any) -> Any:
    """The checked value; None if the field is absent or null."""
    value = document.get(field)
    if value is None:
        return None
    try:
        return check(value)
    except BadLineError:
        raise
    except ValueError as error:
        raise BadLineError(f"'{field}': {error}") from None


def _required_id(value: object) -> str:
    try:
        return settings.require_client_id(value)
    except ValueError as error:
        raise BadLineError(f"'id': {error}") from None


def _models(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        raise BadLineError("'models' must be a list")
    return settings.require_models(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - all reasons of a bad line are ValueErrors
    return value


def _is_active(value: object) -> bool:
    if value not in (client_item.ACTIVE, client_item.SUSPENDED):
        raise ValueError(f"must be {client_item.ACTIVE!r} or {client_item.SUSPENDED!r}")
    return value == client_item.ACTIVE


def _time(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError(f"not a date: use {dates.FORM_IN_WORDS}")  # noqa: TRY004
    return dates.parse(value)


def _creation_time(value: object) -> str:
    if not isinstance(value, str) or not dates.is_creation_time(value):
        raise ValueError("not a time like 2027-01-31T12:00:00+00:00")
    return value


def _keys(value: object) -> tuple[StoredKey, ...]:
    if not isinstance(value, list) or len(value) > MAX_KEYS:
        raise BadLineError(f"'keys' must be a list of at most {MAX_KEYS}")
    keys = (_key(entry) for entry in value)
    return tuple(sorted(keys, key=lambda key: (key.created_at or "", key.sha256)))


def _key(entry: object) -> StoredKey:
    if not isinstance(entry, dict):
        raise BadLineError("'keys' must be a list of objects")
    _require_fields(entry, _KEY_FIELDS)
    sha256 = entry.get("sha256")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise BadLineError("'sha256' of a key must be 64 hexadecimal digits")
    created_at, expires_at = _checked(entry, "created", _creation_time), _checked(entry, "expires", _time)
    item: Item = {} if created_at is None else {CREATED_AT: {"S": created_at}}
    if expires_at is not None:
        item[client_item.EXPIRY] = {"N": str(expires_at)}
    if (role := _checked(entry, "role", principal.of_arn)) is not None:
        if client_key.sha256(role) != sha256:
            raise BadLineError("'sha256' of a role must be the hash of its ARN in 'role'")
        item[client_item.ROLE] = {"S": role}
    return StoredKey(sha256=sha256, item=item)


def _created(text: str | None) -> str | None:
    return text if dates.is_creation_time(text) else None
