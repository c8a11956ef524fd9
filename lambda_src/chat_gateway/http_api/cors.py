"""The headers that let a page in a browser read an answer: https://fetch.spec.whatwg.org/#http-cors-protocol"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from chat_gateway.http_api.http_request import Headers

# A page can read no other headers of an answer, besides the seven that the standard lists.
EXPOSED = (
    *("x-request-id", "x-client-request-id", "x-bedrock-request-id", "x-gateway-model", "x-guardrail-action"),
    *("retry-after", "retry-after-ms", "x-should-retry"),
    *("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    *("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
)
EXPOSED_TEXT = ", ".join(EXPOSED)


class Cors(NamedTuple):
    """The origins whose pages may read answers."""

    origins: tuple[str, ...]

    @classmethod
    def from_text(cls, text: str) -> Cors:
        """The origins as the stack writes them: separated by commas."""
        return cls(tuple(text.split(",")))

    def headers(self, sent: Headers) -> dict[str, str]:
        """The headers for the answer to a request with the headers `sent`.

        A single origin is named in every answer. Of several, the caller's own is named if it is one of them.
        """
        exposed = {"access-control-expose-headers": EXPOSED_TEXT}
        if len(self.origins) == 1:
            return {"access-control-allow-origin": self.origins[0], **exposed}
        # A cache must not give one origin's answer to another.
        varying = {"vary": "Origin"}
        origin = sent.get("origin") or []
        if len(origin) != 1 or origin[0] not in self.origins:
            return varying
        return {"access-control-allow-origin": origin[0], **exposed, **varying}
