"""What an operator sets of a client, its rules, and its form in the client's own item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from client_keys import item as client_item
from client_keys import policy as client_policy
from client_keys.item import Item
from client_keys.policy import UNLIMITED, Policy, UnknownPolicyError, UnusablePolicyError
from gateway_cli.clients import dates

NAME, OWNER, CREATED_AT, KEYS, VERSION = "name", "owner", "created_at", "keys", "version"
_SETTINGS = (client_item.STATE, client_item.VALID_UNTIL, client_item.POLICY)
# A key's item has copies of these.
COPIED = (*_SETTINGS, client_item.GENERATION)
MAX_WORDS_CHARACTERS = 256
EVERY_MODEL = "*"
_GLOB = re.compile(r"[!-~]{1,256}")


class TokenLimitTooSmallError(UnusablePolicyError):
    """A limit of tokens is smaller than the largest answer."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"{field} must not be smaller than max_completion_tokens: "
            "a request for that many tokens could never pass."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """A client's settings. `valid_until` is in epoch seconds; None: never expires."""

    name: str | None = None
    owner: str | None = None
    is_active: bool = True
    valid_until: int | None = None
    policy: Policy = UNLIMITED

    def attributes(self) -> Item:
        """The attributes of the client's own item. Raises UnusablePolicyError."""
        _require_room_for_a_request(self.policy)
        attributes: Item = {
            client_item.STATE: {"S": client_item.ACTIVE if self.is_active else client_item.SUSPENDED}
        }
        if self.name is not None:
            attributes[NAME] = {"S": self.name}
        if self.owner is not None:
            attributes[OWNER] = {"S": self.owner}
        if self.valid_until is not None:
            attributes[client_item.VALID_UNTIL] = {"N": str(self.valid_until)}
        if self.policy != UNLIMITED:
            attributes[client_item.POLICY] = {"S": self.policy.to_text()}
        return attributes


ATTRIBUTES = (NAME, OWNER, *_SETTINGS)


def read(item: Item) -> tuple[ClientSettings, tuple[str, ...]]:
    """The settings in a client's own item, and the names of attributes that cannot be read."""
    unreadable = []
    policy, valid_until = UNLIMITED, None
    if client_item.POLICY in item:
        try:
            policy = client_policy.from_text(item[client_item.POLICY].get("S"))
        except UnknownPolicyError:
            unreadable.append("policy")
    if client_item.VALID_UNTIL in item:
        valid_until = epoch_s(item, client_item.VALID_UNTIL)
        if valid_until is None:
            unreadable.append("expires")
    settings = ClientSettings(
        name=string(item, NAME),
        owner=string(item, OWNER),
        is_active=not client_item.is_suspended(item),
        valid_until=valid_until,
        policy=policy,
    )
    return settings, tuple(unreadable)


def string(item: Item, name: str) -> str | None:
    """The string attribute; None if there is none."""
    value: Any = item.get(name, {}).get("S")
    return value if isinstance(value, str) else None


def epoch_s(item: Item, name: str) -> int | None:
    """The attribute in epoch seconds; None if it is absent, or no time that the commands can show."""
    try:
        number = int(item[name]["N"])
    except (KeyError, TypeError, ValueError):
        return None
    return number if dates.is_known(number) else None


def require_client_id(text: object) -> str:
    """The text, if a client may have it as its id. Raises ValueError."""
    if (
        not isinstance(text, str)
        or not client_policy.CLIENT_ID.fullmatch(text)
        or text == client_item.UNKNOWN_CLIENT
    ):
        raise ValueError(
            "a client's id has 1 to 64 letters, digits, dots, hyphens and underscores, begins with a letter or a "
            f"digit, and is not {client_item.UNKNOWN_CLIENT!r}"
        )
    return text


def require_words(text: object) -> str | None:
    """A name or an owner; None for an empty one. Raises ValueError."""
    if not isinstance(text, str) or len(text) > MAX_WORDS_CHARACTERS or not text.isprintable():
        raise ValueError(f"must be one line of at most {MAX_WORDS_CHARACTERS} printable characters")
    return text.strip() or None


def require_models(globs: Sequence[object]) -> tuple[str, ...] | None:
    """Patterns of models, each once; None if they let every model through. Raises ValueError."""
    models = [glob for glob in globs if isinstance(glob, str) and _GLOB.fullmatch(glob)]
    if len(models) != len(globs):
        raise ValueError("a pattern of models has 1 to 256 visible ASCII characters")
    return None if EVERY_MODEL in models else tuple(dict.fromkeys(models))


def _require_room_for_a_request(policy: Policy) -> None:
    """Raises TokenLimitTooSmallError."""
    for field in ("tokens_per_minute", "tokens_per_day"):
        limit = getattr(policy, field)
        if limit is not None and limit < (policy.max_completion_tokens or 0):
            raise TokenLimitTooSmallError(field)
