"""The records that travel through ragmed: frozen, typed, without behaviour.

    Document ──split──► Passage ──search──► Hit ──look up──► Evidence ──answer──► Answer(Citation…)

Conventions, everywhere: ranks start at 1; scores are higher-is-better; offsets count Unicode code
points (Python string indices), half-open ``[start, end)``; dates are ISO 8601 strings, as precise as
the source gives them (``"2025"``, ``"2025-01"``, ``"2025-01-16"``) and empty where unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["answered", "abstained", "unparsed", "failed"]
Stance = Literal["supports", "contradicts", "neutral"]
Style = Literal["", "brief", "clinician", "patient"]
SentenceStatus = Literal["supported", "unsupported", "dropped"]
NoticeKind = Literal["emergency", "retracted", "superseded", "disagreement", "left_out", "language"]
NameKind = Literal["preferred", "synonym", "lay", "abbreviation", "related"]
"""What a name is to its concept; ``related``: broader, narrower or only mostly the same."""
NodeKind = Literal["finding", "disease", "modifier", "drug", "gene", "anatomy", "procedure", "other"]
"""``modifier``: how a finding or disease is (onset, inheritance, severity); ``procedure``: tests and treatments."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document: it begins at ``start`` and ends where the next one begins.

    ``title`` is the path of headings, outermost first, as ``"Methods > Participants"``; ``page`` is the page
    as its reader counts, ``"12"`` or ``"xii"``. Either is empty where the source has none.
    """

    start: int
    title: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One item of a corpus as its source gives it: an abstract, a textbook page, a question-answer pair.

    ``question`` is the question of a question-answer pair (``text`` is then its answer) and empty for
    anything else. ``url`` opens the item at its source. ``sections`` are in the order of their ``start``;
    the text before the first belongs to none. ``meta`` holds what only some sources have; these keys mean
    the same everywhere: ``language`` (ISO 639-1), ``retracted`` (why or by which notice; absent: it is
    not), ``publication_types``, ``mesh``, ``journal``, ``doi``, ``pmid``, ``pmcid`` (several values are
    joined by ``"; "``).
    """

    doc_id: str
    title: str
    text: str
    source: str
    url: str
    licence: str
    published: str = ""
    kind: str = "document"
    question: str = ""
    sections: tuple[Section, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deletion:
    """A source's word that a document is withdrawn from it: what it gave under that id before is dropped."""

    doc_id: str


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit of retrieval and of citation: ``document.text[start:end] == text``, always.

    ``section`` and ``page`` say where in the document it stands, as a reader would look it up: the headings
    above its beginning, and its page or pages (``"3"``, ``"3–4"``). ``sections`` tells them apart where it
    reaches over several, their ``start`` counted from its own.
    """

    passage_id: str
    doc_id: str
    start: int
    end: int
    text: str
    title: str
    source: str
    url: str
    licence: str
    published: str = ""
    kind: str = "document"
    question: str = ""
    section: str = ""
    page: str = ""
    sections: tuple[Section, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of a conversation with a language model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question. ``options`` maps a choice's letter to its text, in the order shown; None: free answer.

    The next four say what is searched, where that is not ``text``. ``documents`` are texts written for the
    question, as by HyDE: a dense retriever searches with the mean of their vectors and the text's. ``lexical`` is
    what retrievers that match words search for instead of ``text``; ``expansions`` are further words or phrases for
    them, each with its weight (1: as much as a word of the question); ``rewordings`` say what they search for in other
    words, and a passage counts by those that suit it best (of those retrievers, `bm25` and `milvus_bm25` heed them).

    The others say how it is answered. ``history`` is what was said before, the oldest turn first. ``notes`` are
    documents that the question is about, as a patient's record, in the order of their writing. ``style`` says for whom
    the answer is written, ``language`` (ISO 639-1) in what language; empty: as the question is.
    """

    query_id: str
    text: str
    options: Mapping[str, str] | None = None
    documents: tuple[str, ...] = ()
    lexical: str = ""
    expansions: tuple[tuple[str, float], ...] = ()
    rewordings: tuple[str, ...] = ()
    history: tuple[Message, ...] = ()
    notes: tuple[Document, ...] = ()
    style: Style = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Restriction:
    """Which passages a search may find. A field left empty does not restrict; within one, any value will do.

    ``published_from`` and ``published_to`` are ISO 8601 dates, as precise as one likes, both inclusive: a passage
    published ``"2019"`` may be of any day of 2019 and passes where one of them lies between; a passage without a date
    passes only where neither is given. ``retracted`` False leaves retracted passages out, True finds nothing else.
    Values are compared without regard to case. A passage's date that is no ISO date counts as unknown; one given here
    that is none, or a range that ends before it begins, is a `QuestionError`.
    """

    sources: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    published_from: str = ""
    published_to: str = ""
    retracted: bool | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a search: a passage, or in a `Result` a document, and its score (higher is better)."""

    passage_id: str
    score: float


Run = Mapping[str, tuple[Hit, ...]]
"""query_id → hits, best first; equal scores are ordered by passage_id."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage found for a question. ``ranks_by_retriever`` holds its rank in each list it was found in.

    ``scores_by_retriever`` are the scores there. ``signals`` say what rerankers made of it: the contribution of each,
    by name, to ``score``, or what it judged.
    """

    passage: Passage
    score: float
    rank: int
    ranks_by_retriever: Mapping[str, int]
    signals: Mapping[str, float] = field(default_factory=dict)
    scores_by_retriever: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weighing:
    """How far a fusion trusts each retriever for one query, and why.

    ``weights`` sum to 1; ``features`` are what it looked at, by name; ``reasons`` say in words which of them moved
    the weights most, the strongest first.
    """

    weights: Mapping[str, float]
    features: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator is asked: a question and its evidence. ``evidence[i]`` is source ``i + 1``.

    ``messages`` are the words for a language model. A generator that reads question and evidence by itself has no
    need of them; one that writes freely is given nothing else. ``temperature`` 0 asks for the likeliest reply; above
    it, prompts of the same words are samples, told apart by ``sample``, which serves as the seed. ``max_tokens`` is the
    length of the reply at most; 0: the generator's own limit.
    """

    query: Query
    evidence: tuple[Evidence, ...]
    messages: tuple[Message, ...] = ()
    temperature: float = 0.0
    sample: int = 0
    max_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """A generator's reply, verbatim, and what it cost. ``error`` is set when no reply came.

    ``is_cut``: it ended at its greatest length, not where it was finished.
    """

    text: str
    n_prompt_tokens: int = 0
    n_completion_tokens: int = 0
    error: str = ""
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Citation:
    """One checked quotation: ``passage.text[start:end] == quote``.

    ``marker`` is the number shown in the answer as ``[marker]``. ``support`` (0–1) says how far the
    quote carries the sentence it stands behind (1: the sentence is the quote). ``section`` and ``page`` are
    the quote's own. ``stance`` tells, for a
    yes/no or multiple-choice question, whether the quote speaks for the chosen answer or against it.
    """

    marker: int
    passage_id: str
    start: int
    end: int
    quote: str
    support: float
    doc_id: str
    title: str
    source: str
    url: str
    licence: str
    stance: Stance = "neutral"
    section: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class OptionEvidence:
    """How one choice fares: its share of the evidence (0–1, all options sum to 1) and the markers of
    the citations that speak for and against it."""

    option: str
    score: float
    markers_for: tuple[int, ...] = ()
    markers_against: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence of an answer and whether its sources say it.

    ``markers`` are those of its citations; ``support`` (0–1) says how far their quotes carry it. ``status``:
    ``"supported"``; ``"unsupported"``, shown with that word behind it; ``"dropped"``, not shown, since the quotation
    given for it does not stand in its source.
    """

    text: str
    markers: tuple[int, ...]
    status: SentenceStatus
    support: float


@dataclass(frozen=True, slots=True)
class Notice:
    """What must be said beside an answer; ``markers`` are the citations that it is about.

    ``kind``: ``"emergency"`` (shown first), ``"retracted"``, ``"superseded"``, ``"disagreement"`` between sources,
    ``"left_out"`` (evidence that did not fit the model's window), ``"language"`` (asked for and not given).
    """

    kind: NoticeKind
    text: str
    markers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost. ``prompts`` are the SHA-256 of the prompts in their order; times in seconds.

    Where questions are answered side by side, each is told the time that the calls it took part in lasted.
    """

    n_calls: int = 0
    n_prompt_tokens: int = 0
    n_completion_tokens: int = 0
    prompts: tuple[str, ...] = ()
    retrieval_s: float = field(default=0.0, compare=False)
    generation_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to one question, with everything needed to check it.

    ``text`` holds the answer with ``[n]`` markers, or, when ``outcome`` is ``"abstained"``, what was
    searched and why that was not enough. ``choice`` is a letter of ``Query.options``, or yes/no/maybe.
    ``confidence`` (0–1) estimates the probability that the evidence carries the answer. ``sentences`` are those of the
    reply, each with what became of it; ``notices`` must be shown with the answer. ``trace`` lists
    the steps taken; ``index_card`` identifies the index (name, hashes, dates, licences, encoder).
    """

    query_id: str
    question: str
    text: str
    citations: tuple[Citation, ...]
    evidence: tuple[Evidence, ...]
    outcome: Outcome
    choice: str | None
    confidence: float
    options: tuple[OptionEvidence, ...] = ()
    sentences: tuple[AnswerSentence, ...] = ()
    notices: tuple[Notice, ...] = ()
    trace: tuple[Mapping[str, Any], ...] = ()
    usage: Usage = Usage()
    index_card: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Name:
    """One name of a concept."""

    text: str
    kind: NameKind


@dataclass(frozen=True, slots=True)
class Node:
    """A concept of a knowledge graph.

    ``node_id`` is a compact identifier, the same for the same concept in every source: ``"HP:0001250"``,
    ``"OMIM:154700"``, ``"ICD10CM:E10.1"``, ``"DrugBank:DB00945"``, ``"DOID:9352"``, ``"MONDO:0005148"``,
    ``"MESH:D003920"``, ``"UMLS:C0011849"``, ``"NCBIGene:2200"``. ``names`` are the names besides ``name``. ``same_as``
    are ids by which other sources know the same concept.
    """

    node_id: str
    name: str
    kind: NodeKind
    source: str
    names: tuple[Name, ...] = ()
    definition: str = ""
    url: str = ""
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retired:
    """An id that is no longer used. ``replaced_by`` is the one that means the same now; empty where none does.

    ``consider`` are ids that may be meant instead.
    """

    node_id: str
    name: str = ""
    replaced_by: str = ""
    consider: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """A statement of a source: ``subject`` ``predicate`` ``object``, as in disease ``has_finding`` finding.

    ``predicate`` is a verb in lower case with underscores; these mean the same everywhere: ``is_a`` (the subject is a
    kind of the object), ``part_of``, ``has_finding``, ``inherited_as``, ``has_onset``, ``has_course``, ``treats``
    (modifies the disease), ``relieves`` (its symptoms), ``contraindicated_in``, ``interacts_with``, ``causes``,
    ``associated_with``, ``located_in``. ``negated``: the source says that it is not so. ``frequency`` is the share of
    patients (0–1), None where it is not given; ``n_present`` of ``n_examined`` patients where the source counts
    (``n_examined`` 0: it does not). ``onset`` is the id of the age at which a finding sets in; ``sex`` is ``"female"``,
    ``"male"`` or empty. ``evidence`` are the ids of what it rests on (``"PMID:20301510"``, ``"OMIM:154700"``, a passage
    id), ``basis`` how it was come by, in the source's own code (``"PCS"``, ``"TAS"``, ``"IEA"``). ``date`` is that of
    the statement. ``confidence`` (0–1) is the source's own, 1 where it gives none. ``quote`` are the words of the
    evidence that say it.
    """

    subject: str
    predicate: str
    object: str
    source: str
    negated: bool = False
    frequency: float | None = None
    n_present: int = 0
    n_examined: int = 0
    onset: str = ""
    sex: str = ""
    evidence: tuple[str, ...] = ()
    basis: str = ""
    date: str = ""
    confidence: float = 1.0
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A gold span: the words of a document that answer a question."""

    doc_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement that a long answer should make: one it must have, or one that is nice to have."""

    text: str
    must: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A query of a benchmark with what is true of it.

    ``group`` is the set within the benchmark (``"mmlu"``), ``choice`` the right letter of ``query.options``, or
    yes/no/maybe. ``relevant`` maps document ids to grades: above 0 relevant, higher more so; 0 judged and not
    relevant. ``generated`` holds documents written for the question by a language model, as released with a
    benchmark. ``meta["exclude"]`` names documents out of reach for the question (ids joined by ``"; "``). What a
    benchmark does not have is empty.
    """

    query: Query
    group: str = ""
    choice: str = ""
    relevant: Mapping[str, int] = field(default_factory=dict)
    snippets: tuple[Snippet, ...] = ()
    claims: tuple[Claim, ...] = ()
    reference: str = ""
    generated: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What a system made of one question: the documents found, best first, and the answer where one was asked for.

    ``documents`` holds each document once, at the rank of its best passage. ``reply`` is a reply that came from
    elsewhere as raw text, where there is no `Answer`.
    """

    query_id: str
    documents: tuple[Hit, ...] = ()
    passages: tuple[Evidence, ...] = ()
    answer: Answer | None = None
    reply: str | None = None
    duration_s: float = 0.0
    n_prompt_tokens: int = 0
    n_completion_tokens: int = 0
    n_calls: int = 0
