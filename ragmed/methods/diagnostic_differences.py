"""MedRAG (of SNOWTEAM): what candidate diseases differ in is elicited from a graph, reasoned over, and asked for.

    decompose    the case → the patient's findings, present and absent → nodes of the graph
    search       each finding votes, by the diseases that have it, for the group that these belong to;
                 the diseases of the winning group that explain the findings best are the candidates
    differences  what tells the candidates apart, and what to ask or test next (`ragmed.graph.differences`)
    reason       differences + cases and passages found → the answer

Source: Zhao et al. 2025, "MedRAG: Enhancing Retrieval-augmented Generation with Knowledge Graph-Elicited Reasoning for
Healthcare Copilot" (WWW 2025; https://arxiv.org/abs/2502.04413), of another MedRAG than `ragmed.methods.medrag`;
``main_MedRAG.py`` and ``KG_Retrieve.py`` of https://github.com/SNOWTEAM2023/MedRAG, in copies. Of the paper itself only
the abstract and others' summaries were at hand.

Differences:

- Their graph has four tiers (category, subcategory, disease, feature), made from records by clustering and a language
  model, which also writes the differences. Here it is any graph with diseases and findings; differences are computed
  from its frequencies. Where its diseases are a kind of nothing, all of them are one group.
- Theirs compare embeddings of a case's fields with the graph's features; here names are found in the words
  (`ragmed.graph.linking`). Theirs give the model all diseases of the group; here the ``n_candidates`` that explain the
  findings best (`ragmed.graph.diagnosis`).
- Their prompt holds similar patients' records and asks for diagnosis, treatments and questions as a report. Here the
  passages found take the records' place, every statement of graph and passages is a source that is quoted and checked,
  and questions are chosen by expected information; the model words them.
- With a generator that reads evidence by itself, findings are those of the question's own words. Where one candidate is
  likely enough (``least_share``), the answer is what the graph states of it and the patient's findings, word for
  word; else it abstains, and says which the candidates are and what would tell them apart.
- A question in which the graph knows no finding is answered from the passages alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ragmed.analysis.questions import kind_wanted
from ragmed.answers.citations import answer_of, without_citations
from ragmed.answers.reply import Reply, Statement
from ragmed.answers.written import json_value
from ragmed.errors import UnknownName
from ragmed.graph.diagnosis import Ranker
from ragmed.graph.differences import Difference, FollowUp, differences, follow_up, in_words
from ragmed.graph.differences_chart import named_without_share
from ragmed.graph.evidence import evidence_of, passage_of
from ragmed.graph.findings import PREDICATE, open_profiles, profiles_of
from ragmed.graph.linking import linker_of
from ragmed.graph.store import Graph
from ragmed.methods._graph import needed, nodes_named, strings
from ragmed.methods._steps import Steps, answer_all, ask_if_able, conclude, pooled, search, task, with_note
from ragmed.methods.medrag import with_choice
from ragmed.protocols import Generator, Method, Retrieve
from ragmed.types import Answer, Evidence, Query

_DECOMPOSE = (
    "You read a patient's case. List the patient's findings, each as a short clinical term: symptoms, signs, results "
    "of tests, and what the history tells. What the text says the patient does not have goes under absent. Leave out "
    "what is told of relatives, what is only asked about, and the disease that is sought. Reply with a JSON object and "
    'nothing else: {"present": ["…"], "absent": ["…"]}'
)
_REASON = (
    "The first sources are statements about candidate diseases, from a knowledge graph; the others were found for the "
    "question. Go through what the candidates differ in: say which of the patient's findings speak for which of them "
    "and which against, and answer with the one that the sources carry, or that they do not tell them apart. The "
    "candidates may all be wrong; a finding that a source does not mention is not absent. Where the diagnosis is open, "
    "end with what to ask or test next and what each result would mean. The note on differences is no source."
)


@dataclass(frozen=True)
class DiagnosticDifferences:
    """``n_candidates`` diseases are told apart by ``n_differences`` findings, known or to be asked, of each kind.

    ``n_follow_ups`` findings are proposed to be asked or tested. ``prefix``: whose diseases are candidates, where a
    graph has several sources' (as "OMIM"). ``k`` passages are searched for. ``definite``: as in
    `ragmed.methods.medrag`.

    Without a language model an answer takes ``least_findings``, and ``least_share`` of the probability for the first
    candidate. Of 561 case reports (phenopacket store, development genes) 257 reach it, 98 % of them with the right
    disease; with the report's own publication left out, 18 of 317, half of them with the right one.
    """

    graph: Graph | None = None
    k: int = 8
    n_candidates: int = 5
    n_differences: int = 6
    n_follow_ups: int = 3
    prefix: str = "OMIM"
    least_findings: int = 3
    least_share: float = 0.9
    definite: bool = True

    def answer(self, queries: Sequence[Query], retrieve: Retrieve, generator: Generator) -> list[Answer]:
        needed(self.graph, "diagnostic_differences")
        return answer_all("diagnostic_differences", self._solve, queries, retrieve, generator)

    def _solve(self, query: Query) -> Steps[Answer]:
        graph = needed(self.graph, "diagnostic_differences")
        bare = replace(query, options=None)
        reply = yield from ask_if_able("decompose", bare, task(bare, _DECOMPOSE))
        observed, excluded = _in_text(graph, query) if reply is None else _as_told(graph, reply)
        if reply and not observed:
            observed, excluded = _in_text(graph, query)
        found = yield from search(query, self.k)
        case = self._differential(graph, observed, excluded)
        if case is None:
            return (yield from conclude(query, found))
        if reply is None and (query.options or kind_wanted(query.text) != "disease"):
            return (yield from conclude(query, found))
        stated = case.evidence(graph)
        if reply is None:
            answer = self._without_a_model(query, graph, case, stated)
        else:
            about = with_note(query, "Candidate diseases and what tells them apart", case.in_words(graph))
            instruction = with_choice(query, _REASON, definite=self.definite)
            answer = yield from conclude(about, pooled([(*stated, *found)]), instruction, step="reason")
        return replace(answer, trace=(case.step(graph), *answer.trace))

    def _differential(self, graph: Graph, observed: Sequence[int], excluded: Sequence[int]) -> _Differential | None:
        """The candidates and what tells them apart; None where the graph knows no disease with the findings."""
        ranker = _ranker(graph, self.prefix)
        if ranker is None or not observed:
            return None
        profiles = ranker.profiles
        having = {place for finding in observed for place in profiles.implied.of(finding)[0].tolist()}
        pool = sorted(having & _voted(graph, ranker, observed))
        if not pool:
            return None
        scores = ranker.scores(observed, excluded)[pool]
        powers = np.exp(scores - scores.max())
        order = sorted(range(len(pool)), key=lambda at: (-scores[at], graph.node_id(int(profiles.disease[pool[at]]))))
        kept = order[: self.n_candidates]
        shares = tuple((powers[kept] / powers.sum()).tolist())
        places = [pool[at] for at in kept]
        compared = [profiles.with_denied(place) for place in places]
        return _Differential(
            tuple(int(profiles.disease[place]) for place in places),
            shares,
            tuple(observed),
            tuple(excluded),
            differences(
                compared,
                observed,
                excluded,
                ancestors=graph.ancestors,
                background=profiles.background,
                n=self.n_differences,
            ),
            follow_up(
                compared,
                shares,
                observed,
                excluded,
                ancestors=graph.ancestors,
                background=profiles.background,
                n=self.n_follow_ups,
            ),
        )

    def _without_a_model(self, query: Query, graph: Graph, case: _Differential, stated: tuple[Evidence, ...]) -> Answer:
        first, share = case.diseases[0], case.probabilities[0]
        if len(case.observed) < self.least_findings or share <= self.least_share:
            return without_citations(query, stated, "abstained", case.undecided(graph, self.least_findings), share)
        said = [
            Statement(item.passage.text, item.passage.text, source)
            for source, item in enumerate(stated, start=1)
            if item.passage.doc_id == graph.node_id(first)
        ]
        return answer_of(query, stated, Reply(tuple(said), confidence=share))


@dataclass(frozen=True, slots=True)
class _Differential:
    """Candidates (rows, the likeliest first) and what tells them apart.

    ``probabilities`` are those among all diseases of the group that have a finding observed.
    """

    diseases: tuple[int, ...]
    probabilities: tuple[float, ...]
    observed: tuple[int, ...]
    excluded: tuple[int, ...]
    differences: tuple[Difference, ...]
    follow_ups: tuple[FollowUp, ...]

    def evidence(self, graph: Graph) -> tuple[Evidence, ...]:
        """What the graph states of each candidate and the findings that are known, or that tell it apart."""
        known = [*self.observed, *self.excluded]
        telling = [difference.finding for difference in self.differences if not difference.known]
        numbers = [
            number
            for findings in (known, telling)
            for disease in self.diseases
            for finding in findings
            if (number := _statement_about(graph, disease, finding)) is not None
        ]
        return evidence_of(passage_of(graph, number) for number in dict.fromkeys(numbers))

    def in_words(self, graph: Graph) -> str:
        names = [graph.name(disease) for disease in self.diseases]
        lines = ["Candidates, with their probability among the diseases that have a finding of the patient:"]
        lines += [f"- {name}: {_percent(p)}" for name, p in zip(names, self.probabilities, strict=True)]
        lines.append("Findings in which they differ, with the share of patients:")
        no_share = [named_without_share(graph, disease) for disease in self.diseases]
        for one in self.differences:
            shares = "; ".join(
                f"{name}: {_stated(share, is_given=one.finding not in without)}"
                for name, share, without in zip(names, one.stated, no_share, strict=True)
            )
            lines.append(f"- {graph.name(one.finding)} ({one.known or 'not known of the patient'}): {shares}")
        if self.follow_ups:
            lines.append("To ask or test next, and what it would mean were it one of them:")
            lines += [f"- {graph.name(one.finding)}: {in_words(one, names)}" for one in self.follow_ups]
        return "\n".join(lines)

    def undecided(self, graph: Graph, least: int) -> str:
        """Why there is no answer, which diseases were compared, and what would tell them apart."""
        names = [graph.name(disease) for disease in self.diseases]
        n = len(self.observed)
        few = f"Only {n} {'finding was' if n == 1 else 'findings were'} recognised. " if n < least else ""
        compared = ", ".join(f"{name} ({_percent(p)})" for name, p in zip(names, self.probabilities, strict=True))
        asked = " ".join(f"{graph.name(one.finding)}: {in_words(one, names)}." for one in self.follow_ups)
        return (
            f"{few}The findings do not settle which disease it is. Of those compared the likeliest are: {compared}."
            + (f" Were it one of them, this would tell them apart: {asked}" if asked else "")
        )

    def step(self, graph: Graph) -> Mapping[str, Any]:
        """For the trace of an answer."""

        def named(row: int) -> dict[str, Any]:
            return {"id": graph.node_id(row), "name": graph.name(row)}

        names = [graph.name(disease) for disease in self.diseases]
        return {
            "step": "differences",
            "observed": [named(row) for row in self.observed],
            "excluded": [named(row) for row in self.excluded],
            "candidates": [
                named(row) | {"probability": round(p, 6)}
                for row, p in zip(self.diseases, self.probabilities, strict=True)
            ],
            "differences": [named(one.finding) | {"stated": list(one.stated)} for one in self.differences],
            "follow_up": [
                named(one.finding) | {"bits": round(one.bits, 6), "reading": in_words(one, names)}
                for one in self.follow_ups
            ],
        }


@lru_cache(4)
def _ranker(graph: Graph, prefix: str) -> Ranker | None:
    """Ranks the diseases of a prefix, or, where the graph has no such profiles, all that it has findings of."""
    try:
        return Ranker(graph, open_profiles(graph, prefix))
    except UnknownName:
        code = graph.code(PREDICATE)
        return None if code is None else Ranker(graph, profiles_of(graph, np.flatnonzero(graph.predicate == code)))


@lru_cache(4)
def _groups(ranker: Ranker) -> Mapping[int, tuple[int, ...]]:
    """Place of a disease → what it is a kind of, for those that are a kind of something."""
    graph, diseases = ranker.graph, ranker.profiles.disease.tolist()
    return {place: tuple(parents) for place, row in enumerate(diseases) if (parents := graph.parents(row))}


def _voted(graph: Graph, ranker: Ranker, observed: Sequence[int]) -> set[int]:
    """The places of the diseases of the group with most votes: one vote a finding and disease that has it."""
    groups = _groups(ranker)
    votes = Counter(
        group
        for finding in observed
        for place in ranker.profiles.implied.of(finding)[0].tolist()
        for group in groups.get(place, ())
    )
    if not votes:
        return set(range(len(ranker.profiles)))
    winner = min(votes, key=lambda group: (-votes[group], graph.node_id(group)))
    return {place for place, own in groups.items() if winner in own}


def _in_text(graph: Graph, query: Query) -> tuple[list[int], list[int]]:
    """Findings that the question and its notes name: those that the patient has, and those that they say are absent."""
    observed: dict[int, None] = {}
    excluded: dict[int, None] = {}
    for text in (*(note.text for note in query.notes), query.text):
        for mention in linker_of(graph).link(text):
            finding = next((row for row in mention.rows if graph.kind(row) == "finding"), None)
            if finding is not None and not mention.family and not mention.hypothetical:
                (excluded if mention.negated else observed).setdefault(finding)
    return _told_apart(observed, excluded)


def _as_told(graph: Graph, reply: str) -> tuple[list[int], list[int]]:
    """Findings that the model lists."""
    value = json_value(reply)
    table = value if isinstance(value, dict) else {}
    present, absent = (
        [row for row in nodes_named(graph, strings(table.get(key))) if graph.kind(row) == "finding"]
        for key in ("present", "absent")
    )
    return _told_apart(dict.fromkeys(present), dict.fromkeys(absent))


def _told_apart(observed: Mapping[int, None], excluded: Mapping[int, None]) -> tuple[list[int], list[int]]:
    """What is told as both present and absent is taken as neither."""
    return [row for row in observed if row not in excluded], [row for row in excluded if row not in observed]


def _statement_about(graph: Graph, disease: int, finding: int) -> int | None:
    """The statement on a disease and a finding, or on a kind of it; None where there is none."""
    best: tuple[tuple[bool, bool, float, int], int] | None = None
    for number in graph.edges_of(disease, PREDICATE).tolist():
        stated = int(graph.object[number])
        if stated == finding or finding in graph.ancestors(stated):
            share = float(np.nan_to_num(graph.frequency[number], nan=0.0))
            rank = (stated != finding, bool(graph.negated[number]), -share, number)
            best = min(best, (rank, number)) if best is not None else (rank, number)
    return None if best is None else best[1]


def _stated(share: float | None, *, is_given: bool) -> str:
    if share is None:
        return "not mentioned"
    return "denied" if share <= 0 else _percent(share) if is_given else "named without a share"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


COMPONENT: type[Method] = DiagnosticDifferences
