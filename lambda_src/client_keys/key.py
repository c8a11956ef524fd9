"""How a client's key looks, and its hash, which is all that is stored of it.

A key is `sk-bcg-`, 43 characters for 32 random bytes, and 6 characters of checksum, all base62. Keys that earlier versions
made are `bcg-` and 43 characters of base64url, without a checksum.
"""

from __future__ import annotations

import binascii
import hashlib
from typing import Final

# Some front ends insist on "sk-"; "bcg-" lets a secret scanner find a leaked key.
PREFIX, EARLIER_PREFIX = "sk-bcg-", "bcg-"
RANDOM_BYTES = 32
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET, _CHECKSUM, _EARLIER_SECRET = 43, 6, 43  # characters: of 32 bytes, of CRC-32, of 32 bytes in base64
_FORMS = f"({PREFIX}[0-9A-Za-z]{{{_SECRET + _CHECKSUM}}}|{EARLIER_PREFIX}[0-9A-Za-z_-]{{{_EARLIER_SECRET}}})$"
# An Authorization header that may hold a key. API Gateway refuses any other without asking the authorizer.
AUTHORIZATION = f"^[Bb][Ee][Aa][Rr][Ee][Rr] +{_FORMS}"
# The headers that an environment may choose for keys: OpenAI's, and Azure's, which has the key alone.
BEARER_HEADER: Final = "authorization"
BARE_HEADER: Final = "api-key"
HEADER_VARIABLE = "KEY_HEADER"  # of the functions that read or send keys, if it is not BEARER_HEADER


def from_random(random: bytes) -> str:
    """The key of RANDOM_BYTES random bytes."""
    secret = _base62(int.from_bytes(random, "big"), _SECRET)
    return PREFIX + secret + _checksum(secret)


def is_well_formed(text: str) -> bool:
    """Whether `text` has the form of a key and, if that form has a checksum, the right one."""
    if not text.isascii():
        return False
    if text.startswith(PREFIX):
        secret, checksum = text[len(PREFIX) : -_CHECKSUM], text[-_CHECKSUM:]
        return len(secret) == _SECRET and secret.isalnum() and checksum == _checksum(secret)
    secret = text.removeprefix(EARLIER_PREFIX)
    is_base64 = secret.replace("-", "0").replace("_", "0").isalnum()
    return is_base64 and len(secret) == _EARLIER_SECRET and text.startswith(EARLIER_PREFIX)


def pattern(header: str) -> str:
    """The regular expression of a value of `header` that may hold a key."""
    return AUTHORIZATION if header == BEARER_HEADER else f"^{_FORMS}"


def headers(key: str, header: str = BEARER_HEADER) -> dict[str, str]:
    """The header in which a client sends its key."""
    return {header: f"Bearer {key}" if header == BEARER_HEADER else key}


def sha256(key: str) -> str:
    """The key's hash, in hexadecimal digits."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _checksum(secret: str) -> str:
    return _base62(binascii.crc32(secret.encode("ascii")), _CHECKSUM)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(BASE62))
        digits.append(BASE62[digit])
    return "".join(reversed(digits))
