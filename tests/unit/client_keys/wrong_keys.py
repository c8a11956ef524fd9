"""Keys that are nearly right."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from client_keys import key as client_key


def wrong_keys(count: int) -> Iterator[str]:
    """As many keys with one wrong character, a random checksum, cut off, or with something behind."""
    random = Random(20261127)  # noqa: S311 - the same in each run
    for number in range(count):
        key = client_key.from_random(random.randbytes(32))
        place = random.randrange(len(client_key.PREFIX), len(key))
        match number % 4:
            case 0:
                other = random.choice([char for char in client_key.BASE62 if char != key[place]])
                yield key[:place] + other + key[place + 1 :]
            case 1:
                yield key[:-6] + "".join(random.choices(client_key.BASE62, k=6))
            case 2:
                yield key[:place]
            case _:
                yield key + random.choice(
                    ["\n", "\r\nX-A: b", "\t", "\0", "é", "0" * random.randrange(1, 5000)]
                )
