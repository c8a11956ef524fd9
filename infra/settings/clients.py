"""The settings of the clients' limits and of the record of their usage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.table import Table


class Clients(Table):
    """The record of what clients use, and what happens if a client's counters cannot be reached."""

    record_usage: bool = False
    """Record the usage of clients without limits, too. The usage of clients with limits is always recorded."""
    when_counters_fail: Literal["refuse", "allow"] = "refuse"
    """If the counters of a client's limits cannot be reached: refuse the client's requests with 503, or allow them uncounted."""
    usage_kept_days: Annotated[int, Field(ge=1, le=3650)] = 400
    """A day's usage is deleted after this many days."""
