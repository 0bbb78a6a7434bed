"""Retrieval over a knowledge graph: from what a question names, along its statements, to passages.

    question ──link──► nodes ──personalised PageRank──► nodes near ──► passages that name them, or are about them
             └─findings─► diseases that explain them ──► passages about those diseases

When it is built, the names of nodes in every passage are linked (`ragmed.graph.linking`), which joins passages to the
graph. A passage whose document has the id of a node is *about* it. A question's nodes are the seeds of a walk
(HippoRAG: Gutiérrez et al. 2024, https://arxiv.org/abs/2405.14831, there with a language model's triples; here with the
statements of ontologies), and a passage scores by the nodes it names, the rarer the more. Where a question is a list
of findings, passages about diseases score by `ragmed.graph.diagnosis` instead.

Walks were measured and add nothing to what the adaptive fusion finds by words and meaning on PubMedQA and BioASQ, with
the graph that ragmed builds by default; findings add much. So recipes may ask for ``findings_only``: then a question
that lists no findings is left to the other retrievers, and no passage need be linked.

What is newer than any ontology has names that the passages themselves give, as "saracatinib (AZD0530)"
(`ragmed.graph.other_names`); a question that uses one is searched for under the other, too.

Files: ``names/`` (`ragmed.graph.other_names`); ``about.npy`` (int32, by passage: the row of the node that its document
is about, -1: none); but for ``findings_only``, by node, as compressed sparse rows, ``start.npy`` (int64, one more than
nodes), ``passage.npy`` (uint32), ``weight.npy`` (float32, 0–1: how much a passage is on the node).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.terms import terms
from ragmed.columns import map_array, write_array
from ragmed.errors import RecipeError, UnknownName
from ragmed.graph.diagnosis import Ranker
from ragmed.graph.findings import Profiles, open_profiles
from ragmed.graph.linking import LinkedMention, linker_of
from ragmed.graph.other_names import OtherNames, write_other_names
from ragmed.graph.ranking import personalised_pagerank
from ragmed.graph.store import Graph
from ragmed.protocols import (
    Allowed,
    OpenRetriever,
    Progress,
    Ranking,
    Retriever,
    RetrieverKind,
    Rows,
    no_progress,
)
from ragmed.retrievers._top import ranking
from ragmed.types import Passage, Query

_MIN_FINDINGS, _MIN_SHARE = 3, 0.5
"""A question lists findings if it names so many, and they make up so much of its terms."""
_PARTS = re.compile(r"[,;\n]|\band\b|\bwith\b", re.IGNORECASE)
_TITLE = 2
"""A name in a title counts as often as in the text so many times."""
_NEAR = 64
"""Nodes kept of a walk from one seed, the nearest."""
_REMEMBERED = 4096
_NAMES = "names"
_PROGRESS = 512


@dataclass(frozen=True)
class GraphRetriever:
    """``damping``: how far a walk goes on; ``diseases``: prefixes of the ids of the diseases ranked by findings;
    ``findings_only``: find nothing for a question that does not list some."""

    graph: Graph | None = None
    damping: float = 0.5
    diseases: tuple[str, ...] = ("OMIM", "ORPHA")
    findings_only: bool = False

    def build(
        self, passages: Sequence[Passage], path: Path, progress: Progress = no_progress
    ) -> Mapping[str, str | int]:
        graph = self._graph()
        found = [graph.find(passage.doc_id) for passage in passages]
        about = np.array([-1 if one is None else one.row for one in found], dtype=np.int32)
        write_array(path / "about.npy", about)
        (path / _NAMES).mkdir(exist_ok=True)
        n_names = write_other_names(passages, path / _NAMES, progress)
        facts: dict[str, str | int] = {
            "graph": graph.graph_id,
            "n_about": int((about >= 0).sum()),
            "n_other_names": n_names,
        }
        if not self.findings_only:
            facts["n_mentions"] = _write_mentions(graph, passages, path, progress)
        progress(len(passages), len(passages))
        return facts

    def open(self, path: Path, passage_ids: Sequence[str]) -> OpenRetriever:
        return OpenGraphRetriever(self._graph(), path, passage_ids, self)

    def _graph(self) -> Graph:
        if self.graph is None:
            raise RecipeError(
                "retrievers/graph: needs a knowledge graph; open the index by ragmed.open_index, or give the one of "
                "ragmed.index.graphs.open_graph() as graph"
            )
        return self.graph


@dataclass(frozen=True, slots=True)
class _Named:
    """What a question names: nodes with how sure each is, those of them that are findings, those denied.

    ``share`` (0–1): the part of the question's terms that stand in names of findings.
    """

    nodes: Mapping[int, float]
    observed: tuple[int, ...]
    excluded: tuple[int, ...]
    share: float

    @property
    def lists_findings(self) -> bool:
        """Whether the question is a list of findings, so that a disease is asked for."""
        return len(self.observed) >= _MIN_FINDINGS and self.share >= _MIN_SHARE


_NOTHING = _Named({}, (), (), 0.0)


class OpenGraphRetriever:
    """An open graph retriever. The linker is made at the first search."""

    kind: RetrieverKind = "graph"

    def __init__(self, graph: Graph, path: Path, passage_ids: Sequence[str], options: GraphRetriever) -> None:
        self.graph, self._ids, self._options = graph, passage_ids, options
        self._about = map_array(path / "about.npy")
        self.other_names = OtherNames(path / _NAMES)
        if options.findings_only:
            self._start = np.zeros(graph.n_nodes + 1, dtype=np.int64)
            self._passage, self._weight = np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.float32)
        else:
            self._start, self._passage = map_array(path / "start.npy"), map_array(path / "passage.npy")
            self._weight = map_array(path / "weight.npy")
        if len(self._start) != graph.n_nodes + 1 or len(self._about) != len(passage_ids):
            raise ValueError(f"{path}: made for another graph, or for other passages")
        self._named = lru_cache(_REMEMBERED)(self._read)
        self._near = lru_cache(_REMEMBERED)(self._walk)
        # A fusion asks again for what was just searched; an array of all passages is too large to keep many.
        self._explained_by = lru_cache(8)(self._explained_anew)

    def search(self, queries: Sequence[Query], k: int, allowed: Allowed | None = None) -> list[Ranking]:
        return [self._search(query, k, allowed) for query in queries]

    def scores(self, query: Query, rows: Rows) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = self._scored(self._named(_text(query)))[rows]
        return scores

    def rewordings(self, query: Query) -> tuple[str, ...]:
        return self.other_names.rewordings(_text(query))

    def explains(self, query: Query, rows: Rows) -> NDArray[np.float64] | None:
        explained = self._explained(self._named(_text(query)))
        return None if explained is None else explained[rows]

    def _search(self, query: Query, k: int, allowed: Allowed | None) -> Ranking:
        scores = self._scored(self._named(_text(query)))
        if allowed is not None:
            scores = np.where(allowed, scores, 0.0)
        rows = np.flatnonzero(scores > 0)
        if 0 < k < len(rows):
            kth = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
            rows = rows[scores[rows] >= kth]
        return ranking(rows, scores[rows], max(k, 0), self._ids)

    def _scored(self, named: _Named) -> NDArray[np.float64]:
        """(n_passages,): by findings where the question lists some, else by the walk."""
        explained = self._explained(named)
        if explained is not None:
            return np.where(np.isfinite(explained), np.exp(np.clip(explained, -700, 0)), 0.0)
        return np.zeros(len(self._ids)) if self._options.findings_only else self._walked(named)

    def _read(self, text: str) -> _Named:
        if self._options.findings_only and len(_PARTS.findall(text)) + 1 < _MIN_FINDINGS:
            return _NOTHING  # no list: the linker need not be made
        mentions = [mention for mention in linker_of(self.graph).link(text) if not mention.family]
        nodes: dict[int, float] = {}
        for mention in mentions:
            if not mention.negated:
                nodes[mention.rows[0]] = max(nodes.get(mention.rows[0], 0.0), mention.scores[0])
        observed = self._findings(mention for mention in mentions if not mention.negated)
        excluded = [node for node in self._findings(m for m in mentions if m.negated) if node not in observed]
        own = set(terms(text))
        inside = {term for m in mentions if self._finding(m) is not None for term in terms(m.text)}
        return _Named(nodes, tuple(observed), tuple(excluded), len(own & inside) / max(len(own), 1))

    def _findings(self, mentions: Iterable[LinkedMention]) -> list[int]:
        found = [self._finding(mention) for mention in mentions]
        return list(dict.fromkeys(node for node in found if node is not None))

    def _finding(self, mention: LinkedMention) -> int | None:
        return next((row for row in mention.rows if self._is_finding[row]), None)

    @cached_property
    def _is_finding(self) -> NDArray[np.bool_]:
        """By node: whether some disease has it."""
        is_finding = np.zeros(self.graph.n_nodes, dtype=np.bool_)
        for profiles in self._profiles:
            is_finding |= np.diff(profiles.implied.start) > 0
        return is_finding

    @cached_property
    def _profiles(self) -> list[Profiles]:
        found = []
        for prefix in self._options.diseases:
            try:
                found.append(open_profiles(self.graph, prefix))
            except UnknownName:
                continue
        return found

    @cached_property
    def _rankers(self) -> list[tuple[Ranker, NDArray[np.int64], NDArray[np.int64]]]:
        """For each system of diseases its ranker, and the rows of passages about its diseases with their places."""
        rankers = []
        about = np.asarray(self._about)
        for profiles in self._profiles:
            rows = np.flatnonzero(np.isin(about, profiles.disease.astype(np.int64)))
            if len(rows):
                places = np.searchsorted(profiles.disease, about[rows])
                rankers.append((Ranker(self.graph, profiles), rows, places))
        return rankers

    def _explained(self, named: _Named) -> NDArray[np.float64] | None:
        """(n_passages,): see `explains`."""
        if not named.lists_findings or not self._rankers:
            return None
        return self._explained_by(named.observed, named.excluded)

    def _explained_anew(self, observed: tuple[int, ...], excluded: tuple[int, ...]) -> NDArray[np.float64]:
        result = np.full(len(self._ids), -np.inf)
        for ranker, rows, places in self._rankers:
            result[rows] = ranker.scores(observed, excluded)[places]
        result -= result.max()
        return result

    def _walked(self, named: _Named) -> NDArray[np.float64]:
        """(n_passages,): the sum, over the nodes near those named, of nearness, rarity and how much each is on it."""
        scores = np.zeros(len(self._ids))
        for seed, sure in named.nodes.items():
            for node, near in self._near(seed):
                first, end = int(self._start[node]), int(self._start[node + 1])
                scores[self._passage[first:end]] += sure * near * self._rarity[node] * self._weight[first:end]
        return scores

    def _walk(self, seed: int) -> tuple[tuple[int, float], ...]:
        """The nodes nearest to one, itself among them, and how near: a walk from several is the sum of theirs."""
        scores = personalised_pagerank(self.graph, {seed: 1.0}, damping=self._options.damping)
        best = np.argsort(-scores, kind="stable")[:_NEAR]
        return tuple((int(node), float(scores[node])) for node in best if scores[node] > 0)

    @cached_property
    def _rarity(self) -> NDArray[np.float64]:
        """By node: the inverse document frequency."""
        n = np.diff(self._start)
        return np.log(1 + (len(self._ids) - n + 0.5) / (n + 0.5))


def _write_mentions(graph: Graph, passages: Sequence[Passage], path: Path, progress: Progress) -> int:
    """Link every passage and write the files by node; return the number of entries."""
    linker = linker_of(graph)
    nodes, rows, weights = array("i"), array("I"), array("f")
    for row, passage in enumerate(passages):
        counts: dict[int, float] = {}
        for text, n in ((passage.title, _TITLE), (passage.question, 1), (passage.text, 1)):
            for mention in linker.link(text) if text else ():
                if not mention.family:
                    node = mention.rows[0]
                    counts[node] = counts.get(node, 0.0) + n * mention.scores[0]
        for node, n_times in counts.items():
            nodes.append(node)
            rows.append(row)
            weights.append(n_times / (n_times + 1))
        if row % _PROGRESS == 0:
            progress(row, len(passages))
    of_node = np.frombuffer(nodes, dtype=np.int32) if nodes else np.zeros(0, dtype=np.int32)
    order = np.argsort(of_node, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(of_node, minlength=graph.n_nodes))])
    write_array(path / "start.npy", start.astype(np.int64))
    write_array(path / "passage.npy", np.array(rows, dtype=np.uint32)[order])
    write_array(path / "weight.npy", np.array(weights, dtype=np.float32)[order])
    return len(order)


def _text(query: Query) -> str:
    return query.lexical or query.text


COMPONENT: type[Retriever] = GraphRetriever
