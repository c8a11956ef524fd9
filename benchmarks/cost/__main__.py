"""`python -m benchmarks.cost` writes the numbers of docs/cost.md and README.md anew."""

from __future__ import annotations

import sys

from benchmarks.cost import page
from benchmarks.cost.measurements import MeasurementError
from benchmarks.cost.page import PageError
from benchmarks.cost.prices import PriceFileError


def main() -> int:
    """Prints the pages that changed. The exit status is 1 if a page, a price or a measurement is wrong."""
    try:
        changed = page.write()
    except (MeasurementError, PageError, PriceFileError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"{path} has new numbers." for path in changed) or "All numbers are current.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
