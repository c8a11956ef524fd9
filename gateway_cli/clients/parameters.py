"""The parameters of the clients commands: what cannot be used is a wrong command line."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Generic, TypeVar

import click

from client_keys import principal
from client_keys.principal import NoPrincipalError
from gateway_cli.clients import dates, settings
from gateway_cli.clients.limits import LIMITS, NO_LIMIT, Limit
from gateway_cli.clients.settings import ClientSettings

T = TypeVar("T")
_Decorator = Callable[[Callable[..., None]], Callable[..., None]]
_PREFIX = re.compile(r"[0-9a-f]{4,64}")
NEVER = "never"


@dataclass(frozen=True, slots=True)
class Given(Generic[T]):
    """An option that was given, perhaps to take a limit away."""

    value: T | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """The settings that a command line gives; None: not given."""

    name: Given[str] | None = None
    owner: Given[str] | None = None
    models: Given[tuple[str, ...]] | None = None
    may_stream: bool | None = None
    may_send_jobs: bool | None = None
    valid_until: Given[int] | None = None
    # By the policy's fields; those that are not given are left out.
    limits: Mapping[str, int | None] = field(default_factory=dict)

    def applied_to(self, before: ClientSettings) -> ClientSettings:
        """`before` with what is given."""
        policy = before.policy._replace(
            models=_value(self.models, before.policy.models),
            may_stream=before.policy.may_stream if self.may_stream is None else self.may_stream,
            may_send_jobs=before.policy.may_send_jobs if self.may_send_jobs is None else self.may_send_jobs,
            **self.limits,
        )
        return replace(
            before,
            name=_value(self.name, before.name),
            owner=_value(self.owner, before.owner),
            valid_until=_value(self.valid_until, before.valid_until),
            policy=policy,
        )


NOTHING = SettingsChange()


def client_id(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the argument ID, as `client_id`."""
    return click.argument("client_id", metavar="ID", callback=client_id_text)(command)


def now(command: Callable[..., None]) -> Callable[..., None]:
    """Adds `--now`."""
    return click.option("--now", "flushes", is_flag=True, help="Flush API Gateway's cache, for all clients.")(
        command
    )


def yes(command: Callable[..., None]) -> Callable[..., None]:
    """Adds `--yes`."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def key_prefix(command: Callable[..., None]) -> Callable[..., None]:
    """Adds `--key` and `--all`, as `prefix` and `every`."""
    prefix = click.option(
        "--key", "prefix", metavar="PREFIX", callback=_key_prefix, help="The key, as `show` lists it."
    )
    every = click.option("--all", "every", is_flag=True, help="All of the client's keys.")
    return prefix(every(command))


def role_arn(*, required: bool) -> _Decorator:
    """Adds `--role-arn`, as `role`."""
    return click.option(
        "--role-arn",
        "role",
        metavar="ARN",
        required=required,
        callback=_role,
        help="The IAM role or user that signs the client's requests. The ARN of a role's session is taken, too.",
    )


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options of a client's settings; the command gets them as one SettingsChange, `change`."""

    @wraps(command)
    def run(
        *,
        name: Given[str] | None,
        owner: Given[str] | None,
        models: Given[tuple[str, ...]] | None,
        may_stream: bool | None,
        may_send_jobs: bool | None,
        valid_until: Given[int] | None,
        **arguments: Any,
    ) -> None:
        change = SettingsChange(
            name=name,
            owner=owner,
            models=models,
            may_stream=may_stream,
            may_send_jobs=may_send_jobs,
            valid_until=valid_until,
            limits=_taken_limits(arguments),
        )
        command(change=change, **arguments)

    added: Callable[..., None] = run
    for option in reversed(_SETTINGS_OPTIONS):
        added = option(added)
    return added


def _value(given: Given[T] | None, before: T | None) -> T | None:
    return before if given is None else given.value


def client_id_text(_: click.Context, __: click.Parameter, text: str) -> str:
    """A click callback: `text` if it can be a client's id. Raises click.BadParameter."""
    try:
        return settings.require_client_id(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


def _key_prefix(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is not None and not _PREFIX.fullmatch(text.lower()):
        raise click.BadParameter("4 to 64 hexadecimal digits, as `show` lists the key.")
    return None if text is None else text.lower()


def _role(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    try:
        return None if text is None else principal.of_arn(text)
    except NoPrincipalError as error:
        raise click.BadParameter(f"{error}.") from None


def _words(_: click.Context, __: click.Parameter, text: str | None) -> Given[str] | None:
    if text is None:
        return None
    try:
        return Given(settings.require_words(text))
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


def _models(_: click.Context, __: click.Parameter, globs: tuple[str, ...]) -> Given[tuple[str, ...]] | None:
    if not globs:
        return None
    try:
        return Given(settings.require_models(globs))
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


def _limit_option(limit: Limit) -> _Decorator:
    def given(_: click.Context, __: click.Parameter, text: str | None) -> Given[int] | None:
        if text is None or text == NO_LIMIT:
            return None if text is None else Given(None)
        try:
            return Given(limit.parse(text))
        except ValueError as error:
            raise click.BadParameter(f"{error}, or {NO_LIMIT!r}.") from None

    help_ = f"{limit.help} {NO_LIMIT!r}: no limit."
    return click.option(limit.option, limit.field, metavar=limit.metavar, callback=given, help=help_)


def _taken_limits(arguments: dict[str, Any]) -> dict[str, int | None]:
    """Takes the limits that are given out of a command's arguments."""
    given: dict[str, Given[int] | None] = {limit.field: arguments.pop(limit.field) for limit in LIMITS}
    return {name: limit.value for name, limit in given.items() if limit is not None}


def _expiry(_: click.Context, __: click.Parameter, text: str | None) -> Given[int] | None:
    if text is None or text == NEVER:
        return None if text is None else Given(None)
    try:
        valid_until = dates.parse(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}, or {NEVER!r}.") from None
    if valid_until <= time.time():
        raise click.BadParameter(f"{dates.shown(valid_until)} has passed; `suspend` ends access now.")
    return Given(valid_until)


_SETTINGS_OPTIONS: tuple[_Decorator, ...] = (
    click.option("--name", callback=_words, help="What people call the client."),
    click.option("--owner", callback=_words, help="Who answers for the client."),
    click.option(
        "--model",
        "models",
        metavar="GLOB",
        multiple=True,
        callback=_models,
        help="A pattern of models that the client may use; may be repeated. '*': all.",
    ),
    *(_limit_option(limit) for limit in LIMITS),
    click.option("--stream/--no-stream", "may_stream", default=None, help="Whether the client may stream."),
    click.option("--jobs/--no-jobs", "may_send_jobs", default=None, help="Whether the client may send jobs."),
    click.option(
        "--expires",
        "valid_until",
        metavar="DATE",
        callback=_expiry,
        help=f"When access ends: {dates.FORM_IN_WORDS}, in UTC. 'never': it does not.",
    ),
)
