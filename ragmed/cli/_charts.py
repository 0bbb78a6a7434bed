"""Bars on a terminal; elsewhere tab-separated lines."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ragmed.cli._output import print_table, print_text

_WIDTH = 40
_LABEL = 40
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def print_bars(title: str, bars: Sequence[tuple[str, int]], total: int = 0) -> None:
    """A line for each (label, count): the label, the count, its share of ``total`` where positive, a bar."""
    print_text(title, "bold")
    if not sys.stdout.isatty():
        print_table(
            ["value", "count"] + ["share"] * (total > 0),
            [[label, str(n)] + [f"{n / total:.4f}"] * (total > 0) for label, n in bars],
        )
        return
    largest = max((n for _, n in bars), default=0) or 1
    shown = [(label if len(label) <= _LABEL else label[: _LABEL - 1] + "…", n) for label, n in bars]
    label_width = max((len(label) for label, _ in shown), default=0)
    count_width = max((len(f"{n:,}") for _, n in bars), default=0)
    for label, n in shown:
        share = f" {n / total:6.1%}" if total else ""
        line = f"  {label:<{label_width}}  {n:>{count_width},}{share}  {draw(n / largest, _WIDTH, _has_blocks())}"
        print_text(line.rstrip())


def draw(share: float, width: int, blocks: bool = True) -> str:
    """A bar of ``share`` (0–1) of ``width`` characters; one that is not empty is never invisible.

    >>> draw(0.5, 4), draw(0.001, 4), draw(0, 4), draw(0.5, 4, blocks=False)
    ('██', '▏', '', '##')
    """
    if not blocks:
        return "#" * max(round(share * width), share > 0)
    eighths = max(round(share * width * 8), share > 0)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _has_blocks() -> bool:
    try:
        _EIGHTHS.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
