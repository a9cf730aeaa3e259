"""`./hotline COMMAND`: the one entrance for people. Errors are one sentence and the way out."""

from __future__ import annotations

import sys


def main() -> None:
    """Each way imports what it needs, no more: people wait for an answer, callers for a restart."""
    if sys.argv[1:] == ["run"]:
        from adapters.cli.start import run

        run()
    else:
        from adapters.cli.commands import app

        app(prog_name="./hotline")


if __name__ == "__main__":
    main()
