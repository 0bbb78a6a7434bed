"""Statements that a language model reads out of passages, each as sure as the model says it again when asked again.

After the Extractor of MedKGent: Zhang et al. 2025, "MedKGent: A Large Language Model Agent Framework for Constructing
Temporally Evolving Medical Knowledge Graph" (arXiv:2508.12393); read: the abstract, and the authors' code
(https://github.com/BladeDancer957/MedKGent, ``main.py``, ``utils.py``). As there, a passage is shown with the entities
that it names, the model is asked several times (temperature 0.7), a triple's confidence is the share of the replies
that have it (`CERTAIN` where all do) and only what is above 0.6 is kept; nothing is, where fewer than half of the
replies can be read or more than half find nothing. Of a triple and its reverse the one with more votes is kept. The
date is the passage's. What becomes of repeated and contradictory triples: `ragmed.graph.integration`.

Differences:
- Each triple comes with a quote; one whose quote does not stand in the passage word for word, or whose ends the passage
  does not name, is dropped. So is a predicate that was not offered. Nothing is corrected by guess.
- Entities that were not linked beforehand may be named too: they are linked by their name, or become new nodes,
  ``TEXT:<name>``. A triple may be a denial.
- Predicates are those of `ragmed.types.Edge`, not MedKGent's twelve; of a triple and its reverse with as many votes
  neither is kept.
- By default 5 replies, not 50: without a GPU each costs seconds.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

from ragmed.analysis.generated import without_reasoning
from ragmed.analysis.vocabulary import key_of
from ragmed.answers.prompts import DATA, sources
from ragmed.answers.quotes import place_of
from ragmed.answers.written import json_objects
from ragmed.errors import RecipeError
from ragmed.graph.extraction import SYMMETRIC, Reading, date_of, is_told_of
from ragmed.graph.linking import LinkedMention, Linker
from ragmed.graph.store import Graph
from ragmed.protocols import Generator, Reader
from ragmed.report import Report
from ragmed.types import Completion, Edge, Evidence, Message, Node, NodeKind, Passage, Prompt, Query

CERTAIN = 0.95
"""Confidence in a triple that every reply has."""
TEXT = "TEXT:"
"""Prefix of nodes that only texts name."""
_KINDS: tuple[NodeKind, ...] = get_args(NodeKind)
_MOST_SHOWN = 30
"""Entities listed for a passage; MedKGent reads no abstract with more."""
_NOT_A_WORD = re.compile(r"\W+")

PREDICATES: Mapping[str, str] = {
    "treats": "a drug or procedure treats a disease",
    "relieves": "a drug or procedure relieves a finding or a disease's symptoms",
    "prevents": "a drug or procedure prevents a disease or finding",
    "causes": "a drug, gene, disease or finding causes a disease or finding",
    "contraindicated_in": "a drug or procedure must not be given in a disease or finding",
    "interacts_with": "two drugs interact",
    "has_finding": "a disease has a symptom, sign or test result",
    "diagnosed_by": "a disease or finding is diagnosed by a procedure",
    "associated_with": "two things go together, and the text says no more",
}
_INSTRUCTION = (
    "You build a knowledge graph of medicine. Write down every statement that the source makes about two of its "
    "medical entities, as a triple: subject, predicate, object. Use the names as the source has them, and one of these "
    "predicates only:\n"
    + "\n".join(f"- {name}: {meaning}" for name, meaning in PREDICATES.items())
    + '\nGive with each triple a quote: the words of the source, copied exactly, that say it. "negated" is true where '
    "the source says that it is not so. Write down nothing that the source does not say, nothing that it only asks or "
    "sets out to study, and no triple in both directions."
)
_FORM = (
    "Reply with one JSON object and nothing else:\n"
    '{"triples": [{"subject": "name", "subject_kind": "' + "|".join(_KINDS) + '", "predicate": "treats", '
    '"object": "name", "object_kind": "disease", "negated": false, "quote": "words copied from the source"}]}\n'
    'Where the source states nothing of the kind, reply {"triples": []}.'
)


class Triple(NamedTuple):
    """What a reply says: nodes by their ids."""

    subject: str
    predicate: str
    object: str
    negated: bool


@dataclass(frozen=True)
class Extractor:
    """Asks a generator for the statements of passages.

    Args:
        generator: a language model.
        n_replies: how often each passage is read; the replies are samples where they are more than one.
        threshold: share of the replies that must have a triple for it to be kept: more than this.
        temperature: of the samples.

    Raises:
        RecipeError: the generator is no language model.
    """

    generator: Generator
    graph: Graph
    linker: Linker
    n_replies: int = 5
    threshold: float = 0.6
    temperature: float = 0.7
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.generator, Reader):
            raise RecipeError(
                "generator: this one selects sentences and follows no instruction; extraction needs a language model, "
                "as openai_chat, gguf or transformers, or none at all"
            )

    def read(self, passages: Sequence[Passage]) -> list[Reading]:
        """The statements of passages, asked for in one call. `Reading.problem` tells where no reply came."""
        linked = [self._linked(passage) for passage in passages]
        prompts = [
            prompt
            for passage, mentions in zip(passages, linked, strict=True)
            for prompt in self._prompts(passage, mentions)
        ]
        completions = self.generator.complete(prompts) if prompts else []
        return [
            self._reading(passage, mentions, completions[at : at + self.n_replies])
            for passage, mentions, at in zip(passages, linked, range(0, len(completions), self.n_replies), strict=True)
        ]

    def _linked(self, passage: Passage) -> list[LinkedMention]:
        return [mention for mention in self.linker.link(passage.text) if is_told_of(mention, self.graph)]

    def _prompts(self, passage: Passage, mentions: Sequence[LinkedMention]) -> Iterator[Prompt]:
        shown = (Evidence(passage, 1.0, 1, {}),)
        messages = (
            Message("system", "\n\n".join((_INSTRUCTION, DATA, _FORM))),
            Message("user", "\n\n".join(part for part in (sources(shown), self._entities(mentions)) if part)),
        )
        query = Query(passage.passage_id, "What statements does the source make?")
        temperature = self.temperature if self.n_replies > 1 else 0.0
        return (Prompt(query, shown, messages, temperature, sample) for sample in range(self.n_replies))

    def _entities(self, mentions: Sequence[LinkedMention]) -> str:
        named = {mention.text: self.graph.kind(mention.rows[0]) for mention in mentions}
        lines = [f"- {text} ({kind})" for text, kind in list(named.items())[:_MOST_SHOWN]]
        return "\n".join(["Entities known by name, among others perhaps:", *lines]) if lines else ""

    def _reading(
        self, passage: Passage, mentions: Sequence[LinkedMention], completions: Sequence[Completion]
    ) -> Reading:
        errors = [completion.error for completion in completions if completion.error]
        if errors:
            return Reading(passage.passage_id, passage.doc_id, date_of(passage), problem=errors[0])
        replies = [read_triples(without_reasoning(completion.text)) for completion in completions]
        readable = [reply for reply in replies if reply is not None]
        self.report.keep(len(readable))
        if len(readable) < len(replies):
            self.report.skip("a reply that is no JSON of triples", passage.passage_id, len(replies) - len(readable))
        votes: Counter[Triple] = Counter()
        quotes: dict[Triple, Counter[tuple[int, int]]] = defaultdict(Counter)
        nodes: dict[str, Node] = {}
        n_empty = 0
        for reply in readable:
            found = self._checked(passage, mentions, reply, nodes)
            n_empty += not found
            votes.update(found.keys())
            for triple, place in found.items():
                quotes[triple][place] += 1
        if 2 * len(readable) < len(replies) or 2 * n_empty > len(readable):
            votes.clear()
        edges = [
            Edge(
                *triple[:3],
                source="text",
                negated=triple.negated,
                evidence=(passage.passage_id,),
                basis="MedKGent",
                date=date_of(passage),
                confidence=CERTAIN if votes[triple] == len(readable) else round(votes[triple] / len(readable), 4),
                quote=_likeliest(passage.text, quotes[triple]),
            )
            for triple in sorted(votes)
            if votes[triple] / len(readable) > self.threshold
            and not (triple.predicate not in SYMMETRIC and _is_outvoted(triple, votes))
        ]
        ends = {end for edge in edges for end in (edge.subject, edge.object)}
        return Reading(
            passage.passage_id,
            passage.doc_id,
            date_of(passage),
            tuple(edges),
            tuple(nodes[end] for end in sorted(ends & nodes.keys())),
        )

    def _checked(
        self,
        passage: Passage,
        mentions: Sequence[LinkedMention],
        reply: Iterable[Mapping[str, Any]],
        nodes: dict[str, Node],
    ) -> dict[Triple, tuple[int, int]]:
        """The triples of a reply that hold, and where the quote of each stands; new nodes are added to ``nodes``."""
        found: dict[Triple, tuple[int, int]] = {}
        for item in reply:
            place = place_of(item["quote"], passage.text)
            predicate = _NOT_A_WORD.sub("_", item["predicate"].casefold()).strip("_")
            ends = [self._node(passage, mentions, item, end, nodes) for end in ("subject", "object")]
            why = (
                "the quote does not stand in the passage"
                if place is None
                else "a predicate that was not offered"
                if predicate not in PREDICATES
                else "the passage does not name subject or object"
                if not all(ends)
                else "subject and object are one"
                if ends[0] == ends[1]
                else ""
            )
            if why:
                self.report.note(why, passage.passage_id)
            elif place is not None:
                subject, object_ = sorted(ends) if predicate in SYMMETRIC else ends
                found.setdefault(Triple(subject, predicate, object_, item["negated"]), place)
        return found

    def _node(
        self,
        passage: Passage,
        mentions: Sequence[LinkedMention],
        item: Mapping[str, Any],
        end: str,
        nodes: dict[str, Node],
    ) -> str:
        """The id of what a name means in a passage; empty where the passage does not have the name."""
        name, key = item[end], key_of(item[end])
        if not key or place_of(name, passage.text) is None:
            return ""
        whole = next((mention for mention in mentions if key_of(mention.text) == key), None)
        if whole is not None:
            return self.graph.node_id(whole.rows[0])
        alone = [m for m in self.linker.link(name) if is_told_of(m, self.graph) and key_of(m.text) == key]
        if alone:
            return self.graph.node_id(alone[0].rows[0])
        node_id = TEXT + key.replace(" ", "_")
        kind: NodeKind = next((kind for kind in _KINDS if kind == item.get(f"{end}_kind")), "other")
        nodes.setdefault(node_id, Node(node_id, name, kind, "text"))
        return node_id


def read_triples(reply: str) -> list[dict[str, Any]] | None:
    """The triples of a reply that are whole; None where it is no JSON that has any list of them.

    >>> read_triples('Sure: {"triples": [{"subject": "A", "predicate": "treats", "object": "B", "quote": "A for B"}]}')
    [{'subject': 'A', 'predicate': 'treats', 'object': 'B', 'quote': 'A for B', 'negated': False}]
    >>> read_triples("A treats B.") is None
    True
    """
    listed = [found["triples"] for found in json_objects(reply) if isinstance(found.get("triples"), list)]
    if not listed:
        return None
    return [
        {**item, "negated": item.get("negated", False)}
        for item in listed[-1]
        if isinstance(item, dict)
        and all(isinstance(item.get(key), str) for key in ("subject", "predicate", "object", "quote"))
        and isinstance(item.get("negated", False), bool)
    ]


def _is_outvoted(triple: Triple, votes: Mapping[Triple, int]) -> bool:
    reverse = Triple(triple.object, triple.predicate, triple.subject, triple.negated)
    return votes.get(reverse, 0) >= votes[triple]


def _likeliest(text: str, places: Counter[tuple[int, int]]) -> str:
    """The quote that most replies give; of equals the first in the passage."""
    start, end = min(places, key=lambda place: (-places[place], place))
    return text[start:end]
