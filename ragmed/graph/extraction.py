"""Statements from texts without a language model: lexical patterns, and what is named together.

Within a sentence, mentions that are linked to nodes of the graph and joined in a list form a group; a pattern
(`ragmed.graph.patterns`) between two neighbouring groups is a statement about each pair of them. A negation makes it a
negated statement; a hedge, an animal or a cell line lowers its confidence. What a sentence asks, or says not to be
known, is no statement.

Two nodes of different passages' sentences that are named together more often than chance are ``associated_with`` each
other where no pattern says more. The measure is the normalised pointwise mutual information of Bouma 2009, "Normalized
(Pointwise) Mutual Information in Collocation Extraction" (GSCL), over sentences, times the discount for small counts of
Pantel and Ravichandran 2004, "Automatically Labeling Semantic Classes" (HLT-NAACL). That a sentence names two things
does not mean that it says so: ``basis`` tells the two apart.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from ragmed.analysis.sentences import sentence_spans
from ragmed.analysis.vocabulary import singular
from ragmed.answers.polarity import hedges
from ragmed.graph.linking import LinkedMention, Linker
from ragmed.graph.matching import asserts, is_finite, is_joined, is_speaking_of_animals, matches, opens_a_clause
from ragmed.graph.store import Graph
from ragmed.types import Edge, Node, NodeKind, Passage

SYMMETRIC = frozenset({"associated_with", "interacts_with"})
"""Predicates that hold both ways: the subject is the end whose id comes first."""
COOCCURRENCE = "cooccurrence"
"""The ``basis`` of statements that no sentence says."""
_DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?\Z")
_HEDGED, _OF_ANIMALS = 0.6, 0.6
_MOST_NAMED = 12
"""Of a sentence that names more things than that, as a table does, no pairs are counted."""
_EXAMPLES = 5
_TOO_GENERAL = frozenset({"death", "disease", "disorder", "syndrome", "symptom", "condition", "illness", "abnormality"})
"""Words that name no one thing, though a vocabulary may have them as names."""
ABOUT: frozenset[NodeKind] = frozenset({"drug", "gene", "disease", "finding", "procedure"})
"""Kinds of what statements are about."""
_PAIRED: frozenset[frozenset[NodeKind]] = frozenset(
    frozenset(pair)
    for pair in (
        ("drug", "disease"),
        ("drug", "finding"),
        ("disease", "finding"),
        ("gene", "disease"),
        ("procedure", "disease"),
    )
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in a passage.

    ``statements`` each rest on this passage alone; ``nodes`` are those of them that the graph does not have. ``named``
    are, for each sentence that names nodes, their ids and, where they are several and something is claimed, the
    sentence. ``problem``: why the passage could not be read.
    """

    passage_id: str
    doc_id: str
    published: str = ""
    statements: tuple[Edge, ...] = ()
    nodes: tuple[Node, ...] = ()
    named: tuple[tuple[tuple[str, ...], str], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring mentions that are items of one list."""

    mentions: tuple[LinkedMention, ...]

    @property
    def start(self) -> int:
        return self.mentions[0].start

    @property
    def end(self) -> int:
        return self.mentions[-1].end


def read_passage(passage: Passage, graph: Graph, linker: Linker) -> Reading:
    """The statements of a passage, in the order of its sentences."""
    mentions = [
        mention
        for mention in linker.link(passage.text)
        if is_told_of(mention, graph) and not _is_cut(mention, passage.text)
    ]
    statements: dict[tuple[str, str, str, bool], Edge] = {}
    named = []
    for start, end in sentence_spans(passage.text):
        own = [mention for mention in mentions if start <= mention.start and mention.end <= end]
        for edge in _statements(passage, graph, start, end, own):
            key = (edge.subject, edge.predicate, edge.object, edge.negated)
            if key not in statements or statements[key].confidence < edge.confidence:
                statements[key] = edge
        ids = tuple(dict.fromkeys(graph.node_id(mention.rows[0]) for mention in own if not mention.negated))
        if ids:
            sentence = passage.text[start:end]
            named.append((ids, sentence if len(ids) > 1 and asserts(sentence) else ""))
    return Reading(passage.passage_id, passage.doc_id, date_of(passage), tuple(statements.values()), named=tuple(named))


def _statements(
    passage: Passage, graph: Graph, start: int, end: int, mentions: Sequence[LinkedMention]
) -> Iterator[Edge]:
    text = passage.text
    sentence = text[start:end]
    if not asserts(sentence):
        return
    factor = (_HEDGED if hedges(sentence) else 1.0) * (_OF_ANIMALS if is_speaking_of_animals(sentence) else 1.0)
    for first, second in pairwise(_groups(text, end, mentions)):
        between = text[first.end : second.start]
        for match in matches(text[start : first.start], between, text[second.end : end]):
            pattern = match.pattern
            one, other = first.mentions, second.mentions
            if not is_finite(between):  # "fever, rash and cough due to measles, and joint pain": the cough is
                one, other = one[-1:], other if pattern.predicate == "has_finding" else other[:1]
            subjects, objects = (other, one) if pattern.is_turned else (one, other)
            found = [
                (subject, object_, agent.negated or patient.negated)
                for agent in subjects
                for patient in objects
                if (subject := _row(graph, agent, pattern.subjects)) is not None
                and (object_ := _row(graph, patient, pattern.objects)) is not None
                and subject != object_
            ]
            if len(found) < len(subjects) * len(objects):
                continue  # a list of things of which some cannot be meant was not understood
            for subject, object_, is_denied_mention in found:
                ends = (graph.node_id(subject), graph.node_id(object_))
                yield Edge(
                    *_directed(ends[0], pattern.predicate, ends[1]),
                    source="text",
                    negated=match.is_denied or (is_denied_mention and not pattern.denies_itself),
                    evidence=(passage.passage_id,),
                    basis=f"pattern:{pattern.name}",
                    date=date_of(passage),
                    confidence=round(pattern.confidence * factor, 4),
                    quote=sentence,
                )
            if found:
                break


def is_told_of(mention: LinkedMention, graph: Graph) -> bool:
    """Whether a mention is of something that statements are about, and said of the patients themselves."""
    if not mention.rows or mention.family or singular(mention.text.casefold()) in _TOO_GENERAL:
        return False
    return graph.kind(mention.rows[0]) in ABOUT


def _groups(text: str, end: int, mentions: Sequence[LinkedMention]) -> list[_Group]:
    """Mentions of a sentence by lists. An item that a verb follows begins a group of its own: it is a subject."""
    groups: list[list[LinkedMention]] = []
    for number, mention in enumerate(mentions):
        is_last = number + 1 == len(mentions) or not is_joined(text[mention.end : mentions[number + 1].start])
        begins = is_last and len(groups) > 1 and opens_a_clause(text[mention.end : end])
        if groups and not begins and is_joined(text[groups[-1][-1].end : mention.start]):
            groups[-1].append(mention)
        else:
            groups.append([mention])
    return [_Group(tuple(group)) for group in groups]


def _row(graph: Graph, mention: LinkedMention, kinds: Sequence[NodeKind]) -> int | None:
    """The likeliest node of a mention that is of one of these kinds."""
    return next((row for row in mention.rows if graph.kind(row) in kinds), None)


def _is_cut(mention: LinkedMention, text: str) -> bool:
    """Whether a mention is the end of a compound: of "Meier-Gorlin" the Gorlin."""
    return mention.start > 1 and text[mention.start - 1] in "-‐–/" and text[mention.start - 2].isalnum()


def date_of(passage: Passage) -> str:
    """The date of a passage; empty where it is no ISO date."""
    return passage.published if _DATE.match(passage.published) else ""


def _directed(subject: str, predicate: str, object_: str) -> tuple[str, str, str]:
    if predicate in SYMMETRIC and object_ < subject:
        subject, object_ = object_, subject
    return subject, predicate, object_


def cooccurrences(
    readings: Iterable[Reading],
    graph: Graph,
    *,
    least_support: int = 5,
    least_confidence: float = 0.3,
) -> list[Edge]:
    """Nodes that sentences name together, ``associated_with`` each other, where no statement joins them.

    The quote is the shortest sentence that names both; ``evidence`` begins with its passage, and holds four more at
    most.

    Args:
        least_support: documents that must do so; a sentence that stands in several counts once.
        least_confidence: normalised pointwise mutual information, discounted, that it must have.
    """
    alone: Counter[str] = Counter()
    places: dict[tuple[str, str], dict[str, tuple[str, str]]] = defaultdict(dict)
    dates: dict[str, str] = {}
    joined: set[frozenset[str]] = set()
    seen: set[tuple[tuple[str, ...], str]] = set()
    n_sentences = 0
    for reading in sorted(readings, key=lambda reading: reading.passage_id):
        joined.update(frozenset((edge.subject, edge.object)) for edge in reading.statements)
        dates[reading.passage_id] = reading.published
        for ids, quote in reading.named:
            if quote and (ids, quote) in seen:
                continue
            seen.add((ids, quote))
            n_sentences += 1
            alone.update(ids)
            if quote and len(ids) <= _MOST_NAMED:
                for pair in combinations(sorted(ids), 2):
                    places[pair].setdefault(reading.doc_id, (quote, reading.passage_id))
    edges = []
    for pair in sorted(places):
        found = places[pair]
        if len(found) < least_support or frozenset(pair) in joined or not _may_pair(graph, *pair):
            continue
        confidence = _association(len(found), alone[pair[0]], alone[pair[1]], n_sentences)
        if confidence >= least_confidence:
            shown = sorted(found.values(), key=lambda place: (len(place[0]), place))[:_EXAMPLES]
            edges.append(
                Edge(
                    pair[0],
                    "associated_with",
                    pair[1],
                    source="text",
                    evidence=tuple(dict.fromkeys(passage_id for _, passage_id in shown)),
                    basis=COOCCURRENCE,
                    date=max(dates[passage_id] for _, passage_id in shown),
                    confidence=round(confidence, 4),
                    quote=shown[0][0],
                )
            )
    return edges


def _association(n_both: int, n_one: int, n_other: int, n_all: int) -> float:
    """Normalised pointwise mutual information, 0 where it is less, discounted for small counts.

    >>> round(_association(8, 8, 8, 1000), 2), _association(8, 500, 500, 1000)
    (0.79, 0.0)
    """
    if n_both >= n_all:
        return 0.0
    information = math.log(n_both * n_all / (n_one * n_other)) / -math.log(n_both / n_all)
    fewest = min(n_one, n_other)
    return max(0.0, min(1.0, information)) * n_both / (n_both + 1) * fewest / (fewest + 1)


def _may_pair(graph: Graph, one: str, other: str) -> bool:
    """Whether an association of two nodes would tell something: of kinds that go together, none a kind of the other."""
    first, second = graph.row(one), graph.row(other)
    if frozenset((graph.kind(first), graph.kind(second))) not in _PAIRED:
        return False
    return first not in graph.ancestors(second) and second not in graph.ancestors(first)
