"""What a system's results cost: time a question, tokens, calls of a language model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ragmed.types import Result


def cost_of(results: Sequence[Result]) -> dict[str, Any]:
    """Latencies in seconds, and totals, as JSON values.

    A percentile is a latency that was seen: the least that so many of a hundred questions did not exceed. Results
    without a duration (others' predictions) are not among the latencies, which are left out where there are none.

    >>> cost_of([Result("a", duration_s=0.5), Result("b", duration_s=0.25, n_prompt_tokens=90, n_calls=1)])["latency_s"]
    {'p50': 0.25, 'p90': 0.5, 'p99': 0.5, 'mean': 0.375, 'max': 0.5}
    """
    seconds = sorted(result.duration_s for result in results if result.duration_s > 0)
    cost: dict[str, Any] = {"n_results": len(results), "n_timed": len(seconds)}
    if seconds:
        cost["latency_s"] = {
            **{f"p{percent}": _percentile(seconds, percent) for percent in (50, 90, 99)},
            "mean": math.fsum(seconds) / len(seconds),
            "max": seconds[-1],
        }
        cost["total_s"] = math.fsum(seconds)
    for name in ("n_prompt_tokens", "n_completion_tokens", "n_calls"):
        cost[name] = sum(getattr(result, name) for result in results)
    return cost


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """The nearest rank; in whole numbers, since 0.9 × 10 must be 9."""
    return ordered[max(1, -(-len(ordered) * percent // 100)) - 1]
