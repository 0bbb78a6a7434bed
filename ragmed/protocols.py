"""What a component must do. One class here per family; a family is a folder of ``ragmed/``.

A component is a dataclass whose fields are its options (what a recipe may set) and which ends its file
with ``COMPONENT: type[<Protocol>] = <Class>``, so that the type checker rejects a wrong signature on
that very line. Constructors do no I/O. A field that holds another component is declared with
``field(metadata={"family": "encoders", "default": "minilm"})`` and named in the recipe like any other option;
where its default is None, it may be absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

from ragmed.types import (
    Answer,
    Completion,
    Deletion,
    Document,
    Edge,
    Evidence,
    Message,
    Node,
    Passage,
    Prompt,
    Query,
    Question,
    Result,
    Retired,
    Weighing,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragmed.answers.reply import Reply

Vectors: TypeAlias = "NDArray[np.float32]"
"""float32 (n, dim), one unit vector a row."""

Rows: TypeAlias = "NDArray[np.int64]"
"""Rows of passages, as `Retriever.build` was given them."""

Allowed: TypeAlias = "NDArray[np.bool_]"
"""One flag a passage: whether a search may find it."""

Progress = Callable[[int, int], None]
"""Called with (done, total) as long work goes on; total is 0 where it is not known."""

Retrieve = Callable[[Sequence[Query], int], Sequence[tuple[Evidence, ...]]]
"""Questions and a depth k in; for each question its evidence, best first, out."""


def no_progress(done: int, total: int) -> None:
    """A `Progress` that shows nothing."""


@runtime_checkable
class Corpus(Protocol):
    """A reader of one source's upstream format.

    Built as ``cls(files=…, licence=…, report=…, **options)``, each only if it is a field of the class:
    ``files`` maps each file name of ``corpora/<name>.toml`` to its verified local path (a file with a pattern
    gives ``<name>/<path below its folder>`` for each that matches), ``licence`` is the corpus file's, and
    ``report`` is the `ragmed.report.Report` on which it notes what it leaves out or repairs.
    """

    def documents(self) -> Iterator[Document | Deletion]:
        """Yield every document in a fixed order; of two with one id the later replaces the earlier.

        What is wrong with a single item is noted in ``report`` and the item skipped. Raises `DamagedFile`
        where a file is broken so that the rest of it cannot be read.
        """
        ...

    def release(self) -> str:
        """The release or date of the source as its files state it; empty where they do not."""
        ...


@runtime_checkable
class Parted(Corpus, Protocol):
    """A corpus whose files can be read apart: in parallel, again after a change, on from an interruption."""

    def parts(self) -> Sequence[str]:
        """Names of files in the order in which they apply. `documents` is their contents one after another."""
        ...

    def documents_of(self, part: str) -> Iterator[Document | Deletion]:
        """As `documents`, of one part."""
        ...


@runtime_checkable
class Knowledge(Protocol):
    """A reader of one source of a knowledge graph. Built like a `Corpus`: ``files``, ``report`` and its options."""

    def facts(self) -> Iterator[Node | Retired | Edge]:
        """Every node, retired id and statement of the source, in a fixed order.

        An edge may come before its nodes. What is wrong with a single item is noted in ``report`` and the item
        skipped. Raises `DamagedFile`, naming file and line, where a file is not what it should be.
        """
        ...

    def release(self) -> str:
        """The release or date of the source as its files state it; empty where they do not."""
        ...


@runtime_checkable
class Filter(Protocol):
    """Decides which documents enter an index. It may remember what it has seen: one object serves one build."""

    def refuse(self, documents: Sequence[Document]) -> list[str]:
        """For each document, in a few words, why it is left out; empty where it is kept."""
        ...


@runtime_checkable
class Scorer(Protocol):
    """Judges documents: how educational, how well written, how clinical."""

    def score(self, documents: Sequence[Document]) -> list[float]:
        """One number a document, higher is better."""
        ...


@runtime_checkable
class Splitter(Protocol):
    """A way to cut a document into passages. ``document.text[p.start:p.end] == p.text`` for each p."""

    def split(self, document: Document) -> Iterator[Passage]: ...


@runtime_checkable
class Encoder(Protocol):
    """Text to unit vectors. It knows its own prefixes and limits; callers pass plain text."""

    @property
    def dim(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text it reads, its own special tokens included."""
        ...

    def fingerprint(self) -> str:
        """Identifies weights, tokenizer and settings: equal fingerprints, equal vectors."""
        ...

    def load(self) -> None:
        """Load the weights now rather than at the first text. Raises `EncoderError`."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """float32 (n, dim), unit norm. A text's vector does not depend on the others in the batch."""
        ...

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        """float32 (n, dim), unit norm, in the order given."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, whether read or not, special tokens included."""
        ...

    def count_truncated(self, texts: Sequence[str]) -> int:
        """How many of the texts are longer than the encoder reads: have more than ``max_tokens``."""
        ...


@runtime_checkable
class Retriever(Protocol):
    """Builds its files from passages, opens them, searches them. Batch first; safe for threads once open."""

    def build(
        self, passages: Sequence[Passage], path: Path, progress: Progress = no_progress
    ) -> Mapping[str, str | int]:
        """Write the files into the existing folder ``path``; return facts for the manifest."""
        ...

    def open(self, path: Path, passage_ids: Sequence[str]) -> OpenRetriever:
        """Open what `build` wrote. ``passage_ids[row]`` names the passage that was given as ``row``."""
        ...


RetrieverKind: TypeAlias = Literal["lexical", "dense", "sparse", "graph"]
"""By what a retriever compares: words, vectors of the whole text, weights of terms that a model learned, or what
question and passage name of a knowledge graph."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What a search found for one query: rows of passages, best first, and their scores (float64).

    Equal scores are in the order of their passage ids.
    """

    rows: Rows
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)


@runtime_checkable
class OpenRetriever(Protocol):
    """A retriever ready to search."""

    @property
    def kind(self) -> RetrieverKind: ...

    def search(self, queries: Sequence[Query], k: int, allowed: Allowed | None = None) -> list[Ranking]:
        """Up to k passages per query, of those allowed (None: all). A ranking depends on its own query alone."""
        ...


@runtime_checkable
class ScoresPassages(Protocol):
    """A retriever that can tell any passage's score for a query, found or not."""

    def scores(self, query: Query, rows: Rows) -> NDArray[np.float64]:
        """The score of each row, the same as `OpenRetriever.search` gives it."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """How the words of some passages match a query's.

    ``coverage`` (n,): the share (0–1) of the query's distinct terms that each passage has, a term counting as much as
    it is rare (idf); ``share`` (n,): the same, each term counting alike; ``rarest`` and ``three_rarest`` (n,): whether
    a passage has the rarest of the terms that occur, and the share that it has of the three rarest. ``lengths`` (n,):
    each passage's length in terms over the mean of all passages. ``highest``: the score that no passage can exceed.
    ``idf``: of each distinct term of the query that occurs; ``n_terms``: of all.
    """

    coverage: NDArray[np.float64]
    share: NDArray[np.float64]
    rarest: NDArray[np.float64]
    three_rarest: NDArray[np.float64]
    lengths: NDArray[np.float64]
    highest: float
    idf: NDArray[np.float64]
    n_terms: int


@runtime_checkable
class ExplainsFindings(Protocol):
    """A retriever over a knowledge graph that can tell how well a disease explains the findings a question lists."""

    def explains(self, query: Query, rows: Rows) -> NDArray[np.float64] | None:
        """(n,): of each passage about a disease, how far that one's score lies below the best (at most 0).

        -inf for a passage that is about none. None: the question lists no findings, or no passage is about a disease.
        """
        ...


@runtime_checkable
class KnowsNames(Protocol):
    """A retriever over a knowledge graph that knows by what other names the collection calls a thing."""

    def rewordings(self, query: Query) -> tuple[str, ...]:
        """What is searched of the query, each time with a name in it replaced by another one; empty: none known."""
        ...


@runtime_checkable
class MatchesWords(Protocol):
    """A lexical retriever that can tell how any passage matches a query."""

    def matches(self, query: Query, rows: Rows) -> Matches: ...


@runtime_checkable
class HasVectors(Protocol):
    """A retriever that holds a vector of every passage."""

    def vectors(self, rows: Rows) -> Vectors: ...


@runtime_checkable
class TermStatistics(Protocol):
    """How common terms are in an index: offered by lexical retrievers."""

    @property
    def n_passages(self) -> int: ...

    def document_frequencies(self, terms: Sequence[str]) -> Sequence[int]:
        """For each analysed term (see `ragmed.analysis.terms`), the number of passages that have it."""
        ...


@runtime_checkable
class IndexView(Protocol):
    """What a fusion may ask of the index that it fuses for."""

    @property
    def passage_ids(self) -> Sequence[str]:
        """By row."""
        ...

    @property
    def term_statistics(self) -> TermStatistics | None:
        """From the first retriever that counts terms."""
        ...

    def kind(self, retriever: str) -> RetrieverKind: ...

    def scores(self, retriever: str, query: Query, rows: Rows) -> NDArray[np.float64] | None:
        """The retriever's score of each row; None where it cannot tell (see `ScoresPassages`)."""
        ...

    def matches(self, query: Query, rows: Rows) -> Matches | None:
        """How the rows' words match, from the first retriever that can tell."""
        ...

    def vectors(self, rows: Rows) -> Vectors | None:
        """The rows' vectors, from the first retriever that holds some."""
        ...

    def explains(self, query: Query, rows: Rows) -> NDArray[np.float64] | None:
        """As `ExplainsFindings`, from the first retriever that can tell."""
        ...


@runtime_checkable
class Fusion(Protocol):
    """Joins what several retrievers found for a query into one ranking."""

    def fuse(self, query: Query, found: Mapping[str, Ranking], k: int, index: IndexView) -> Ranking:
        """Up to k rows of those found. The order of ``found`` does not matter. Ties by passage_id."""
        ...


@runtime_checkable
class Weighs(Protocol):
    """A fusion that can tell how far it trusts each retriever."""

    def weigh(self, query: Query, found: Mapping[str, Ranking], index: IndexView) -> Weighing: ...


@runtime_checkable
class Rewriter(Protocol):
    """Turns a question into what is searched for it."""

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        """For each query one or several to search instead, whose results are fused.

        ``retrieve`` searches with the queries as they are. Where nothing can be made of a query (a generator's reply
        is an error, say), it is given back as it was.
        """
        ...


@runtime_checkable
class Reranker(Protocol):
    """Orders evidence anew. ``depth`` is how many of the passages found it reads."""

    @property
    def depth(self) -> int: ...

    def rerank(self, query: Query, evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
        """The best ``k``, with new scores and ranks from 1. Passages beyond ``depth`` follow in their order."""
        ...


@runtime_checkable
class Generator(Protocol):
    """Writes a reply to each prompt. The form of an answer is described in `ragmed.answers.reply`.

    Prompts of one call may be worked on at once; a reply that does not come is a `Completion` with its ``error``, so
    that the others are not lost.
    """

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]: ...


@runtime_checkable
class Reader(Protocol):
    """A generator that answers from question and evidence by itself and follows no other words."""

    def read(self, prompt: Prompt) -> Reply: ...


@runtime_checkable
class ScoresContinuations(Protocol):
    """A generator that can tell how likely it finds a text."""

    def score(self, prompts: Sequence[Prompt], continuations: Sequence[Sequence[str]]) -> list[list[float]]:
        """For each prompt and each of its continuations the mean log-probability (natural) of its tokens.

        Raises `GeneratorError` where it cannot after all.
        """
        ...


@runtime_checkable
class Streams(Protocol):
    """A generator that can give a reply piece by piece as it is written."""

    def stream(self, prompt: Prompt) -> Iterator[str]:
        """The pieces of the reply. Raises `GeneratorError` where it breaks off."""
        ...


@runtime_checkable
class HasWindow(Protocol):
    """A generator that reads no more than so many tokens, prompt and reply together."""

    @property
    def context_tokens(self) -> int:
        """0: not known."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the messages take as a prompt; an estimate errs upwards."""
        ...


@runtime_checkable
class Method(Protocol):
    """A published way to answer: when to retrieve, what to ask, how to combine."""

    def answer(self, queries: Sequence[Query], retrieve: Retrieve, generator: Generator) -> list[Answer]:
        """An answer to each query, in order. ``retrieve`` is never given a query's options.

        Raises `RecipeError` where the method needs a language model and the generator is a `Reader`.
        """
        ...


@runtime_checkable
class Benchmark(Protocol):
    """A reader of one benchmark's released layout.

    Built as ``cls(files=…, report=…, **options)`` like a `Corpus`. Where the benchmark brings its own documents,
    a builder of the family corpora reads them, and ``corpus`` is its recipe table, to be given the same files;
    else ``corpus`` is None and the evaluation's recipe names an index.
    """

    @property
    def corpus(self) -> Mapping[str, Any] | None: ...

    def questions(self) -> Iterator[Question]:
        """Every question in a fixed order, ids unique. Raises `DamagedFile` naming file and line."""
        ...

    def search_query(self, question: Question) -> str:
        """What is searched for a question: with the benchmark's instruction where it prescribes one."""
        ...


@runtime_checkable
class Measure(Protocol):
    """A figure per question. One object serves one evaluation.

    A measure that looks at `Result.passages` says so by a class attribute ``reads_passages = True``: otherwise they
    are not read.
    """

    @property
    def label(self) -> str:
        """The measure's standard name with its depth, as ``"nDCG@10"``."""
        ...

    def per_question(self, questions: Sequence[Question], results: Mapping[str, Result]) -> Mapping[str, float]:
        """For every question to which the measure applies, its figure; a question without a result counts as worst."""
        ...


@runtime_checkable
class Entailer(Protocol):
    """Tells whether a text says a statement, or the contrary."""

    @property
    def is_model(self) -> bool:
        """Whether a natural language inference model judges; where not, reports call the figures a proxy's."""
        ...

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        """For each (text, statement), the probabilities that the text entails it and that it contradicts it."""
        ...
