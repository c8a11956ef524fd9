"""Why a target is missed, by its name and unit. The benchmarks print the reason beside the measured number.

A reason says what remains, and what it costs to remove it. A target that is missed without a reason fails a test as soon as
docs/performance has it.
"""

from __future__ import annotations

from benchmarks.contenders import BARE, BARE_STREAMING, OURS, WORKER
from infra.settings import memory_sizes

_RARE = (
    "Few requests decide a p99, and they are those that waited for a core or for the next period of the quota. Measure again on "
    "an idle machine."
)
REASONS: dict[tuple[str, str], str] = {
    ("cold start to /next", f"x {BARE}"): (
        "httpx and Powertools' Logger alone take 1.7 times the imports of the bare handler (71 of 43 ms of CPU time), and both "
        "are required. Our loop takes 4 ms, and our 68 modules 18 ms. All modules in one file would save 6 ms, but every import "
        "would depend on an importer of ours (docs/performance/optimisations.md)."
    ),
    ("first byte, streamed, p50", f"x {BARE_STREAMING}"): (
        "The bare handler passes bytes on. Before ours asks Bedrock, it takes about 0.1 ms more for the watchdog, ids, strict "
        "parsing and the guardrail; after that about 0.2 ms more to read the head, to check the first event, and to build the "
        "response's head. No single part is more than 3 % of the whole."
    ),
    ("4 MB request, p50", f"x {BARE}"): (
        "The bare handler decodes the body and sends it on. Ours also parses and checks it, and writes it again."
    ),
    ("by model name, warm, buffered, p50", f"x {OURS}"): (
        "A name takes 9 µs of processor time more, which is less than 1 %. The two are processes of their own, and processes of "
        "the same code differ by 2 %."
    ),
    ("by model name, first byte, streamed, p50", f"x {OURS}"): (
        "Another target may still follow, so a stream by a name waits for its first event before it answers. The benchmark's "
        "upstream sends this event at once, so the wait of about 0.1 ms shows; a model takes hundreds of milliseconds for it."
    ),
    (f"peak memory, {WORKER} of {memory_sizes.WORKER_MIB} MB", "MiB"): (
        "A hundred answers of 4 MiB, a million tokens each, arrive at once. How many of them are in memory at the same time "
        "differs from run to run, so the peak is from 600 to 1,400 MiB. It always fits, but not always with a quarter to spare. "
        "With a hundred answers of 128,000 tokens, which no model exceeds, the peak is 390 MiB."
    ),
    ("warm, buffered, p99", f"x {BARE}"): _RARE,
    (f"at {memory_sizes.CHAT_MIB} MB: back to back, p99", f"x {BARE}"): _RARE,
    (f"at {memory_sizes.CHAT_MIB} MB: paced, first byte, p50", f"x {BARE_STREAMING}"): (
        "As for the first byte with a whole processor: ours checks the request and the first event before it answers."
    ),
}
