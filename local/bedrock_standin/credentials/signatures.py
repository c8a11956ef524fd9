"""Verifies signed requests (Signature Version 4). Written only from the specification.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from local.bedrock_standin.refusals import FrontDoorRefusalError, signature_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "bedrock"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key_id>[^/,\s]+)/(?P<scope>[^,\s]+), ?"
    r"SignedHeaders=(?P<names>[a-z0-9;_.-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_TIMESTAMP_FORMAT = "%Y%m%dT%H%M%SZ"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
_MAX_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request as received. The path and the query are not decoded, and header names are in lowercase."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """All values of a header, in the order of the request."""
        return [value for key, value in self.headers if key == name]


class Signatures:
    """Checks signatures with access keys (id to secret). It has no sessions, so it accepts any session token."""

    def __init__(
        self,
        access_keys: Mapping[str, str],
        *,
        region: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._access_keys, self._region, self._clock = dict(access_keys), region, clock

    def check(self, request: SignedRequest) -> None:
        """Checks a request whose `Authorization` is a signature. Raises FrontDoorRefusalError (403)."""
        parts = _AUTHORIZATION.fullmatch(_only(request, "authorization"))
        if parts is None:
            raise signature_refused("IncompleteSignatureException", "The Authorization header is incomplete.")
        timestamp, names = _only(request, "x-amz-date"), parts["names"].split(";")
        self._check_time(timestamp)
        self._check_scope(parts["scope"], timestamp)
        secret = self._access_keys.get(parts["key_id"])
        if secret is None:
            message = "The security token included in the request is invalid."
            raise signature_refused("UnrecognizedClientException", message)
        _check_names(request, names)
        canonical = _canonical_request(request, names)
        text = f"{ALGORITHM}\n{timestamp}\n{parts['scope']}\n{_sha256(canonical.encode('latin-1'))}"
        expected = hmac.new(_signing_key(secret, parts["scope"]), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, parts["signature"]):
            raise _mismatch()

    def _check_time(self, timestamp: str) -> None:
        signed_at = _read_time(timestamp)
        if signed_at is None:
            message = "Date must be in ISO-8601 'basic format'."
            raise signature_refused("IncompleteSignatureException", message)
        now = self._clock()
        if abs(now - signed_at) > _MAX_SKEW:
            when = "expired" if signed_at < now else "not yet current"
            message = f"Signature {when}: {timestamp} is more than 5 min. from {now:{_TIMESTAMP_FORMAT}}"
            raise signature_refused("InvalidSignatureException", message)

    def _check_scope(self, scope: str, timestamp: str) -> None:
        if scope != f"{timestamp[:8]}/{self._region}/{_SERVICE}/aws4_request":
            message = "Credential should be scoped to a valid region, to the correct service, and to the signing date."
            raise signature_refused("InvalidSignatureException", message)


def _read_time(timestamp: str) -> datetime | None:
    if not _TIMESTAMP.fullmatch(timestamp):
        return None
    try:
        return datetime.strptime(timestamp, _TIMESTAMP_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _only(request: SignedRequest, name: str) -> str:
    """The header's value; empty if the header is missing or has several values."""
    values = request.values(name)
    return values[0] if len(values) == 1 else ""


def _check_names(request: SignedRequest, names: list[str]) -> None:
    """Checks that all required headers are signed, that signed headers exist, and that the names are sorted."""
    present = {name for name, _ in request.headers}
    required = {"host", *(name for name in present if name.startswith("x-amz-"))}
    if names != sorted(set(names)) or not required <= set(names) <= present:
        raise _mismatch()
    declared = request.values("x-amz-content-sha256")
    if declared and declared != [_sha256(request.body)]:
        raise _mismatch()


def _canonical_request(request: SignedRequest, names: list[str]) -> str:
    headers = "".join(f"{name}:{','.join(map(_trimmed, request.values(name)))}\n" for name in names)
    # The path arrives encoded. Every service except S3 encodes it a second time.
    path = quote(request.path or "/", safe="/-_.~")
    lines = (request.method, path, _canonical_query(request.query), headers, ";".join(names))
    return "\n".join((*lines, _sha256(request.body)))


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _trimmed(value: str) -> str:
    return re.sub(" +", " ", value.strip(" "))


def _signing_key(secret: str, scope: str) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _mismatch() -> FrontDoorRefusalError:
    message = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details."
    )
    return signature_refused("InvalidSignatureException", message)
