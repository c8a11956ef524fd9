"""The deployed environment that is examined, and the AWS clients for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.config import Config

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs

# Of all checks at once, so that the command ends within seconds if AWS cannot be reached.
CONFIG = Config(
    connect_timeout=3,
    read_timeout=5,
    max_pool_connections=20,
    retries={"mode": "standard", "total_max_attempts": 2},
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """An environment with its stack. Several threads may use it."""

    env: str
    stack_name: str
    session: boto3.Session
    outputs: StackOutputs
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    _clients: dict[tuple[str, str | None], Any] = field(default_factory=dict, repr=False, compare=False)

    def client(self, service: Any, region: str | None = None) -> Any:
        """A client, made when it is first needed. Clients may be shared between threads, but a session may not:
        https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
        """
        with self._lock:
            if (service, region) not in self._clients:
                made = self.session.client(service, region_name=region, config=CONFIG)
                self._clients[service, region] = made
            return self._clients[service, region]
