"""`python -m pocketbook JOURNAL` prints the journal's balances."""

import sys
from pathlib import Path

from pocketbook.report import balance_report


def main(arguments: list[str]) -> int:
    """Print the report of one journal; 2 is the exit code of a wrong call, 1 of a journal with a mistake."""
    if len(arguments) != 1:
        print("usage: python -m pocketbook JOURNAL", file=sys.stderr)
        return 2
    try:
        print(balance_report(Path(arguments[0]).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        print(f"pocketbook: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
