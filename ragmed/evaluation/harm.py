"""Where retrieval harms: questions right without it and wrong with it, and the reverse.

A mean hides that retrieval may spoil as many answers as it mends. What each question's answer was (right,
wrong, or none: abstained, unparsed, failed) is told before and after; abstentions are counted apart, since to
withhold a wrong answer and to withhold a right one are different things. Whether more was spoilt than mended
than chance would do is tested on the questions that changed, by the exact McNemar test.

Source: McNemar 1947, "Note on the sampling error of the difference between correlated proportions"
(Psychometrika 12); the exact form is the two-sided binomial test on the discordant pairs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ragmed.evaluation.statistics import paired_randomisation

VERDICTS = ("right", "wrong", "abstained", "unparsed", "failed")


@dataclass(frozen=True)
class Harm:
    """What became of the questions that two systems share; ``changes`` counts (verdict before, verdict after).

    ``harmed`` went from right to wrong, ``helped`` from wrong to right. ``p`` compares the two; ``p_not_right``
    compares right with everything else, so that no answer counts as none. ``n_only_one``: questions that have a
    verdict of one system only.
    """

    n: int
    n_only_one: int
    changes: Mapping[tuple[str, str], int]
    harmed: tuple[str, ...]
    helped: tuple[str, ...]
    silenced: tuple[str, ...]
    withheld: tuple[str, ...]
    p: float
    p_not_right: float
    lost: int = field(default=0)
    gained: int = field(default=0)

    def table(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "n": self.n,
            "n_only_one": self.n_only_one,
            "changes": [
                {"before": before, "after": after, "n": self.changes[before, after]}
                for before in VERDICTS
                for after in VERDICTS
                if self.changes.get((before, after))
            ],
            "harmed": list(self.harmed),
            "helped": list(self.helped),
            "right_to_no_answer": list(self.silenced),
            "wrong_to_no_answer": list(self.withheld),
            "p": self.p,
            "n_right_to_not_right": self.lost,
            "n_not_right_to_right": self.gained,
            "p_not_right": self.p_not_right,
        }


def harm(before: Mapping[str, str], after: Mapping[str, str]) -> Harm:
    """What changed from one system (without retrieval) to another (with it).

    ``before`` and ``after`` map question ids to verdicts of `VERDICTS`; empty verdicts are questions that
    cannot be judged, and do not count.

    >>> found = harm({"a": "right", "b": "wrong", "c": "right"}, {"a": "wrong", "b": "right", "c": "abstained"})
    >>> found.harmed, found.helped, found.silenced, found.p
    (('a',), ('b',), ('c',), 1.0)
    """
    judged = {query_id for query_id, verdict in before.items() if verdict}
    judged_after = {query_id for query_id, verdict in after.items() if verdict}
    shared = [query_id for query_id in before if query_id in judged & judged_after]
    pairs = {query_id: (before[query_id], after[query_id]) for query_id in shared}
    counts = Counter(pairs.values())
    ids = {
        change: tuple(
            q for q, (was, now) in pairs.items() if (was, now if now in ("right", "wrong") else "none") == change
        )
        for change in (("right", "wrong"), ("wrong", "right"), ("right", "none"), ("wrong", "none"))
    }
    lost = sum(was == "right" != now for was, now in pairs.values())
    gained = sum(was != "right" == now for was, now in pairs.values())
    n_harmed, n_helped = counts["right", "wrong"], counts["wrong", "right"]
    return Harm(
        n=len(shared),
        n_only_one=len(judged ^ judged_after),
        changes=dict(counts),
        harmed=ids["right", "wrong"],
        helped=ids["wrong", "right"],
        silenced=ids["right", "none"],
        withheld=ids["wrong", "none"],
        p=mcnemar_exact(n_harmed, n_helped),
        p_not_right=mcnemar_exact(lost, gained),
        lost=lost,
        gained=gained,
    )


def mcnemar_exact(n_lost: int, n_gained: int) -> float:
    """Two-sided p of the exact McNemar test from the numbers of discordant pairs; 1 where there are none.

    It is the randomisation test of figures that are 0 or 1.

    >>> round(mcnemar_exact(1, 9), 6)
    0.021484
    >>> mcnemar_exact(0, 0), mcnemar_exact(3, 3)
    (1.0, 1.0)
    """
    before, after = [1.0] * n_lost + [0.0] * n_gained, [0.0] * n_lost + [1.0] * n_gained
    return paired_randomisation(before, after) if before else 1.0
