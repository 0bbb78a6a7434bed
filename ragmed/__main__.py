"""``python -m ragmed``: the command line."""

from __future__ import annotations

import sys

from ragmed.cli import main

if __name__ == "__main__":
    sys.exit(main())
