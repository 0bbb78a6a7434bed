"""``python -m ragmed``: the command line."""

from __future__ import annotations

from ragmed.cli import main

if __name__ == "__main__":
    main()
