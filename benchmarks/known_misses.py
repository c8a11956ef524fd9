"""Why a target is missed, by its name and unit. `make bench` prints the reason beside the measured number.

A reason says what remains, and what it costs to remove it. A target that is missed without a reason fails a test as soon as
docs/performance/results.json has it.
"""

from __future__ import annotations

from benchmarks.contenders import BARE, BARE_STREAMING

REASONS: dict[tuple[str, str], str] = {
    ("cold start to /next", f"x {BARE}"): (
        "httpx and the Logger of Powertools take 59 of the 77 ms of imports. Both stay: the gateway has to be built with httpx, "
        "and the Logger writes the log lines that operators search."
    ),
    ("package of the chat function, zipped", "MB"): (
        "Powertools, httpx and their bytecode are most of it. The bytecode halves the cold start."
    ),
    ("warm, buffered, p50", f"x {BARE}"): (
        "The bare handler has no strict parsing, no guardrail and no log line. The log line alone takes 0.06 ms."
    ),
    ("warm, buffered, p99", f"x {BARE}"): (
        "As for the p50, and rare events such as garbage collection take longer with more objects in memory."
    ),
    ("first byte, streamed, p50", f"x {BARE_STREAMING}"): (
        "The bare handler passes bytes on. Ours parses the request, and looks at the first event before it sends the head."
    ),
    ("4 MB request, p50", f"x {BARE}"): (
        "The bare handler decodes and sends the body. Ours also parses and checks it, and serialises it again."
    ),
}
