"""How figures, intervals and p-values are written, on pages and on the terminal."""

from __future__ import annotations

from ragmed.evaluation.statistics import wilson

DECIMALS = 4


def figure(value: float) -> str:
    return f"{value:.{DECIMALS}f}"


def interval(low: float, high: float) -> str:
    return f"[{figure(low)}, {figure(high)}]"


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
