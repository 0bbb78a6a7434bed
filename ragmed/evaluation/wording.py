"""How figures, intervals and p-values are written, on pages and on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ragmed.evaluation.statistics import wilson

DECIMALS = 4
SUBSETS: Mapping[str, str] = {"": "all questions", "linked": "questions with linked diseases, drugs or other names"}
"""Subset of an ablation's questions → what the page calls it."""
EFFECT = ("with", "without", "difference", "95 % interval", "p", "p (Holm)", "n")
"""Headings of what `effect` gives."""


def figure(value: float) -> str:
    return f"{value:.{DECIMALS}f}"


def interval(low: float, high: float) -> str:
    return f"[{figure(low)}, {figure(high)}]"


def effect(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of an ablation (`ragmed.evaluation.ablation.effects`) in words.

    >>> row = {"with": 0.5, "without": 0.4, "difference": 0.1, "low": -0.05, "high": 0.2, "p": 0.2, "p_holm": 0.4}
    >>> effect(row | {"n": 1200})
    ('0.5000', '0.4000', '+0.1000', '[-0.0500, +0.2000]', '0.2000', '0.4000', '1,200')
    """
    return (
        figure(row["with"]),
        figure(row["without"]),
        f"{row['difference']:+.{DECIMALS}f}",
        f"[{row['low']:+.{DECIMALS}f}, {row['high']:+.{DECIMALS}f}]",
        p_value(row["p"]),
        p_value(row["p_holm"]),
        f"{row['n']:,}",
    )


def p_value(p: float, *, sign: bool = False) -> str:
    """A p-value in four decimals, and no smaller than they can say.

    >>> p_value(0.03), p_value(0.00001), p_value(0.03, sign=True)
    ('0.0300', '< 0.0001', '= 0.0300')
    """
    return "< 0.0001" if p < 0.0001 else f"{'= ' if sign else ''}{p:.4f}"


def share(n: int, total: int) -> str:
    """A share with its 95 % interval, by Wilson's score (Wilson 1927).

    >>> share(8, 10), share(0, 0)
    ('80.0 % [49.0, 94.3]', '–')
    """
    if not total:
        return "–"
    found = wilson(n, total)
    return f"{100 * n / total:.1f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]"
