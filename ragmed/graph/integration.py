"""Statements of many texts made into one: repeated ones reinforce each other, contradictory ones are settled, by day.

After the Constructor of MedKGent: Zhang et al. 2025, "MedKGent: A Large Language Model Agent Framework for Constructing
Temporally Evolving Medical Knowledge Graph" (arXiv:2508.12393; https://github.com/BladeDancer957/MedKGent, ``kg.py``).
As there, a statement that comes again with confidence b raises a to 1 - (1 - a)(1 - b), and days go by one after
another.

Differences:
- There a language model says which of two contradictory statements is better, and the other is deleted. Here the
  later one wins where it is trusted enough (`LEAST`), and as much as what stood until then; nothing is deleted: a
  statement that gave way keeps its record, with the share 1 - c of its confidence, where c is the winner's.
- Only documents of their own reinforce: a document that says a thing twice says it once, and so do two documents with
  the same sentence.
- What contradicts is said by rule. A statement and its denial: one gives way. That a drug treats, relieves or prevents
  a condition and causes it, or is contraindicated in it: told as a conflict, and neither gives way. Both may be so
  (allopurinol prevents gout, and may bring on an attack), and no benefit outvotes a warning.

The result depends on nothing but the set of statements: not on their order, nor on whether one comes twice.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from ragmed.types import Edge

LEAST = 0.6
"""Confidence that a later statement must have to take the place of an earlier one; MedKGent's threshold."""
MOST = 0.99
"""No number of texts makes a statement surer than this."""
_CURES = ("treats", "relieves", "prevents")

Key = tuple[str, str, str, bool]
"""Subject, predicate, object, and whether it is denied."""


class Stated(NamedTuple):
    """A statement and the document that makes it; its ``date`` is the document's."""

    doc_id: str
    edge: Edge


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two statements that contradict each other. ``since``: when the second was made; ``is_settled``: one gave way.

    ``stands`` is then the one that did not.
    """

    stands: Edge
    other: Edge
    since: str
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Integrated:
    """One edge a statement, ordered by subject, predicate and object, and the conflicts between them.

    ``evidence`` of an edge begins with the passage of its ``quote``, the surest and latest; ``date`` is the latest, and
    ``basis`` says of one that gave way when it did.
    """

    edges: tuple[Edge, ...]
    conflicts: tuple[Conflict, ...]


def integrate(statements: Iterable[Stated], *, least: float = LEAST) -> Integrated:
    """Statements as one body of knowledge, as it stands after the last day.

    Dates less precise than a day count as their beginning; no date counts as before all others.
    """
    ordered = sorted(set(statements), key=_order)
    of_key: dict[Key, list[Stated]] = defaultdict(list)
    winners: dict[tuple[Key, Key], tuple[Key, str]] = {}
    since: dict[tuple[Key, Key], str] = {}
    for day, today in groupby(ordered, key=lambda stated: stated.edge.date):
        touched: dict[Key, None] = {}
        for stated in today:
            of_key[key_of(stated.edge)].append(stated)
            touched[key_of(stated.edge)] = None
        for pair in sorted({_pair(key, other) for key in touched for other in _contradicting(key) if other in of_key}):
            since.setdefault(pair, day)
            if not _is_told_only(pair):
                winners[pair] = _settled(pair, winners.get(pair), touched, of_key, day, least)
    merged = {key: _merged(of_key[key]) for key in sorted(of_key)}
    gave_way: dict[Key, str] = {}
    shares: dict[Key, float] = defaultdict(lambda: 1.0)
    for pair, (winner, day) in sorted(winners.items()):
        loser = pair[1] if winner == pair[0] else pair[0]
        shares[loser] *= 1 - merged[winner].confidence
        gave_way[loser] = max(gave_way.get(loser, ""), day)
    final = {key: _lowered(edge, shares[key], gave_way.get(key)) for key, edge in merged.items()}
    conflicts = []
    for pair in sorted(since):
        stands = winners[pair][0] if pair in winners else pair[0]
        other = pair[1] if stands == pair[0] else pair[0]
        conflicts.append(Conflict(final[stands], final[other], since[pair], pair in winners))
    return Integrated(tuple(final.values()), tuple(conflicts))


def key_of(edge: Edge) -> Key:
    """What makes two statements the same."""
    return edge.subject, edge.predicate, edge.object, edge.negated


def reinforced(confidences: Iterable[float]) -> float:
    """The confidence in what several independent sources say: 1 - (1 - a)(1 - b)…, `MOST` at most.

    >>> round(reinforced([0.8, 0.5]), 4), reinforced([0.7]), reinforced([0.9] * 9)
    (0.9, 0.7, 0.99)
    """
    values = sorted(confidences)
    return min(MOST, round(1 - math.prod(1 - value for value in values), 6))


def _order(stated: Stated) -> tuple[str, Key, str, str, float, str, tuple[str, ...], str]:
    edge = stated.edge
    return edge.date, key_of(edge), stated.doc_id, edge.quote, edge.confidence, edge.basis, edge.evidence, edge.source


def _contradicting(key: Key) -> list[Key]:
    """The statements that contradict one."""
    subject, predicate, object_, negated = key
    others = [(subject, predicate, object_, not negated)]
    if not negated:
        opposed: Mapping[str, tuple[str, ...]] = {
            "causes": _CURES,
            "contraindicated_in": _CURES,
            **dict.fromkeys(_CURES, ("causes", "contraindicated_in")),
        }
        others += [(subject, other, object_, False) for other in opposed.get(predicate, ())]
    return others


def _pair(one: Key, other: Key) -> tuple[Key, Key]:
    return (one, other) if one < other else (other, one)


def _is_told_only(pair: tuple[Key, Key]) -> bool:
    """Whether neither gives way: one is no denial of the other."""
    return pair[0][1] != pair[1][1]


def _settled(
    pair: tuple[Key, Key],
    before: tuple[Key, str] | None,
    touched: Mapping[Key, None],
    of_key: Mapping[Key, list[Stated]],
    day: str,
    least: float,
) -> tuple[Key, str]:
    """Which of two stands after a day, and since when the other gives way."""
    belief = {key: _belief(of_key[key]) for key in pair}
    if before is None:
        first_days = {key: of_key[key][0].edge.date for key in pair}
        if first_days[pair[0]] == first_days[pair[1]]:
            # Neither is the later: the surer stands, of equals the denial.
            return max(pair, key=lambda key: (belief[key], key[3], key)), day
        standing, since = min(pair, key=lambda key: first_days[key]), day
    else:
        standing, since = before
    challenger = pair[1] if standing == pair[0] else pair[0]
    if challenger in touched and belief[challenger] >= max(least, belief[standing]):
        return challenger, day
    return standing, since


def _belief(statements: Iterable[Stated]) -> float:
    """The confidence in a statement before anything contradicts it: each document once, each sentence once."""
    of_document: dict[str, tuple[float, str]] = {}
    for doc_id, edge in statements:
        of_document[doc_id] = max(of_document.get(doc_id, (0.0, "")), (edge.confidence, edge.quote))
    of_quote: dict[str, float] = {}
    for confidence, quote in of_document.values():
        of_quote[quote] = max(of_quote.get(quote, 0.0), confidence)
    return reinforced(of_quote.values())


def _merged(statements: list[Stated]) -> Edge:
    best = max(statements, key=lambda stated: (stated.edge.confidence, stated.edge.date, _order(stated))).edge
    evidence = dict.fromkeys((*best.evidence, *(one for stated in statements for one in stated.edge.evidence)))
    return replace(
        best,
        evidence=tuple(evidence),
        date=max(stated.edge.date for stated in statements),
        confidence=_belief(statements),
    )


def _lowered(edge: Edge, share: float, since: str | None) -> Edge:
    if since is None:
        return edge
    gave_way = f"gave way {since}" if since else "gave way"
    return replace(edge, confidence=round(edge.confidence * share, 6), basis=f"{edge.basis}; {gave_way}")
