"""What results cost."""

from __future__ import annotations

import json

from ragmed.evaluation.cost import cost_of
from ragmed.types import Result


def test_latencies_are_ones_that_were_seen() -> None:
    results = [Result(str(i), duration_s=i / 10) for i in range(100, 0, -1)]
    latency = cost_of(results)["latency_s"]
    assert (latency["p50"], latency["p90"], latency["p99"], latency["max"]) == (5.0, 9.0, 9.9, 10.0)
    assert cost_of(results[:1])["latency_s"]["p50"] == 10.0


def test_tokens_and_calls_are_added_up() -> None:
    cost = cost_of([Result("a", n_prompt_tokens=100, n_completion_tokens=7, n_calls=2), Result("b", n_calls=1)])
    assert (cost["n_prompt_tokens"], cost["n_completion_tokens"], cost["n_calls"]) == (100, 7, 3)


def test_what_was_not_timed_has_no_latency() -> None:
    cost = cost_of([Result("a"), Result("b", duration_s=2.0)])
    assert (cost["n_results"], cost["n_timed"], cost["latency_s"]["mean"]) == (2, 1, 2.0)
    assert "latency_s" not in cost_of([Result("a")])
    assert cost_of([])["n_results"] == 0


def test_it_is_written_as_json() -> None:
    cost = cost_of([Result("a", duration_s=0.5)])
    assert json.loads(json.dumps(cost, allow_nan=False)) == cost
