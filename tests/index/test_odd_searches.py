"""What a search makes of odd questions, depths, restrictions, encoders, rewriters and rerankers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragmed import catalog
from ragmed.cli import run
from ragmed.errors import EncoderError, QuestionError, RagmedError, StaleIndex, UnknownName
from ragmed.index.open import Index
from ragmed.index.searcher import Pipeline
from ragmed.protocols import Reranker, Retrieve, Rewriter
from ragmed.types import Evidence, Query, Restriction
from tests.cli.conftest import environment

EXISTING = ["d1", "d2", "d3", "d4"]
"""The documents of the tiny index, of one passage each."""

WORDLESS = {
    "nothing": "",
    "spaces": " \t\n ",
    "punctuation": "?!",
    "an emoji": "🤒",
    "control characters": "\x00\x07\x1b",
    "lone surrogates": "\udcff\ud800",
}
UNMATCHED = {
    "stop words": "the of and",
    "Chinese": "发烧",
    "Arabic": "حمى",
    "Greek": "πυρετός",
    "a word of 100,000 letters": "x" * 100_000,
}
MATCHED = {
    "100,002 characters": "fever " * 16_667,
    "a control character": "fever\x07",
    "a lone surrogate": "fever \udcff",
    "an emoji beside a word": "🤒 fever",
    "two scripts": "fever 发烧",
    "capitals": "FEVER",
    "a zero-width space": "\u200bfever",
}
ODD = {**WORDLESS, **UNMATCHED, **MATCHED}


@pytest.fixture(scope="module")
def home(tiny_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the tiny home, in which commands run."""
    folder = Path(shutil.copytree(tiny_home, tmp_path_factory.mktemp("odd") / "home", symlinks=True))
    with pytest.MonkeyPatch.context() as variables:
        for name, value in environment(folder).items():
            variables.setenv(name, value)
        yield folder


@pytest.fixture(scope="module")
def index(home: Path) -> Index:
    return Index(home / "indexes" / "tiny")


def documents(found: Sequence[Evidence]) -> list[str]:
    return [evidence.passage.doc_id for evidence in found]


@pytest.mark.parametrize("query", ODD.values(), ids=ODD)
def test_any_text_is_searched_without_fault(index: Index, query: str) -> None:
    [found] = index.search([query], k=3)
    assert len(found) <= 3
    assert [evidence.rank for evidence in found] == list(range(1, len(found) + 1))
    scores = [evidence.score for evidence in found]
    assert np.isfinite(scores).all()
    assert scores == sorted(scores, reverse=True)
    assert index.search(["insulin", query, query], k=3)[1:] == [found, found]


@pytest.mark.parametrize("query", [*WORDLESS.values(), *UNMATCHED.values()], ids=[*WORDLESS, *UNMATCHED])
def test_words_that_no_passage_has_match_nothing(index: Index, query: str) -> None:
    assert index.search([query], retriever="bm25") == [()]


@pytest.mark.parametrize("query", MATCHED.values(), ids=MATCHED)
def test_a_word_is_found_whatever_stands_around_it(index: Index, query: str) -> None:
    for retriever in (None, "bm25", "dense"):
        assert documents(index.search([query], k=1, retriever=retriever)[0]) == ["d3"]


@pytest.mark.parametrize("query", [*UNMATCHED.values()][:-1], ids=[*UNMATCHED][:-1])
def test_the_command_line_searches_any_words(home: Path, capfd: pytest.CaptureFixture[str], query: str) -> None:
    assert run(["search", query, "-i", "tiny", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["query"] == query
    assert run(["search", query, "-i", "tiny", "--retriever", "bm25"]) == 0
    assert capfd.readouterr().out == "Nothing found in index 'tiny'.\n"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        *((WORDLESS[name], "the question is empty") for name in ("nothing", "spaces", "punctuation", "an emoji")),
        (WORDLESS["control characters"], "contains control characters"),
        (WORDLESS["lone surrogates"], "contains control characters or binary data"),
        (MATCHED["a control character"], "contains control characters"),
        (MATCHED["100,002 characters"], "the question has 100,002 characters; the limit is 32,768"),
        (UNMATCHED["a word of 100,000 letters"], "the question has 100,000 characters; the limit is 32,768"),
    ],
)
def test_the_command_line_says_what_cannot_be_asked(
    home: Path, capfd: pytest.CaptureFixture[str], query: str, said: str
) -> None:
    assert run(["search", query, "-i", "tiny"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("ragmed: the question ")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("retriever", [None, "bm25", "dense"])
@pytest.mark.parametrize("k", [0, -1, -100])
def test_a_depth_of_zero_or_less_finds_nothing(index: Index, retriever: str | None, k: int) -> None:
    assert index.search(["fever", "insulin"], k, retriever) == [(), ()]


@pytest.mark.parametrize("k", [4, 5, 1000, 10**9])
def test_more_than_there_is_gives_all_there_is(index: Index, k: int) -> None:
    assert sorted(documents(index.search(["fever"], k)[0])) == EXISTING
    assert sorted(documents(index.search(["fever"], k, "dense")[0])) == EXISTING
    assert set(documents(index.search(["fever"], k, "bm25")[0])) == {"d3"}


@pytest.mark.parametrize("retriever", [None, "bm25", "dense"])
@pytest.mark.parametrize(
    "restriction",
    [
        Restriction(sources=("nowhere",)),
        Restriction(published_from="2000"),
        Restriction(retracted=True),
        Restriction(publication_types=("Review",)),
    ],
)
def test_a_restriction_that_nothing_passes_finds_nothing(
    index: Index, retriever: str | None, restriction: Restriction
) -> None:
    assert index.search(["fever", "", "insulin"], 3, retriever, restriction=restriction) == [(), (), ()]


def test_a_restriction_that_all_pass_changes_nothing(index: Index) -> None:
    for restriction in (Restriction(), Restriction(sources=("TINY",), retracted=False)):
        assert index.search(["fever"], restriction=restriction) == index.search(["fever"])


def test_a_restriction_that_cannot_be_understood(index: Index) -> None:
    with pytest.raises(QuestionError, match="published_from = 'May' is no date; write it as in"):
        index.search(["fever"], restriction=Restriction(published_from="May"))


def test_texts_and_queries_may_be_mixed_and_ids_repeated(index: Index) -> None:
    batch = ["fever", Query("0", "insulin"), Query("0", "spot of skin"), "fever"]
    found = index.search(batch, 1)
    assert [documents(of_one) for of_one in found] == [["d3"], ["d2"], ["d4"], ["d3"]]
    assert [one.query.query_id for one in index.find(batch, 1)] == ["0", "0", "0", "3"]


def test_no_query_at_all(index: Index) -> None:
    assert index.search([]) == []
    assert index.search([], restriction=Restriction(sources=("tiny",)), retriever="dense") == []


def test_one_text_instead_of_several(index: Index) -> None:
    with pytest.raises(QuestionError, match=r"write search\(\[question\]\)"):
        index.search("fever")


def test_a_retriever_that_is_not_there(index: Index) -> None:
    with pytest.raises(UnknownName, match="named 'bm52'; have: bm25, dense"):
        index.search(["fever"], retriever="bm52")


FAKE_ENCODER = '''
"""Counts letters. A text with the word "unreadable" gives no numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ragmed.protocols import Encoder, Progress, Vectors, no_progress


@dataclass(frozen=True)
class FakeLetters:
    max_tokens: int = 1000
    dim: ClassVar[int] = 26

    def fingerprint(self) -> str:
        return "letters"

    def load(self) -> None:
        pass

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        vectors = np.full((len(texts), self.dim), 1e-3, dtype=np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for letter in text.casefold():
                vector[ord(letter) % self.dim] += 1
            vector *= np.nan if "unreadable" in text else 1 / np.linalg.norm(vector)
        return vectors

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        return self.encode_queries(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def count_truncated(self, texts: Sequence[str]) -> int:
        return 0


COMPONENT: type[Encoder] = FakeLetters
'''


@pytest.fixture(scope="module")
def letters(home: Path) -> Path:
    """The folder of the same index with an encoder that can fail."""
    (home / "components" / "encoders").mkdir(exist_ok=True)
    (home / "components" / "encoders" / "fake_letters.py").write_text(FAKE_ENCODER, encoding="utf-8")
    recipe = (home / "indexes" / "tiny.toml").read_text(encoding="utf-8").replace('"minilm"', '"fake_letters"')
    (home / "indexes" / "letters.toml").write_text(recipe, encoding="utf-8")
    assert run(["index", "build", "letters"]) == 0
    return home / "indexes" / "letters"


def test_a_query_whose_vector_is_not_finite_is_an_error(letters: Path, capfd: pytest.CaptureFixture[str]) -> None:
    opened = Index(letters)
    assert documents(opened.search(["insulin"], 1)[0]) == ["d2"]
    for retriever in (None, "dense"):
        with pytest.raises(EncoderError, match=r"letters: the vector of the query 'an unreadable fever' is not finite"):
            opened.search(["insulin", "an unreadable fever"], 1, retriever)
    assert documents(opened.search(["an unreadable fever"], 1, "bm25")[0]) == ["d3"]
    assert documents(opened.search(["insulin"], 1)[0]) == ["d2"]
    capfd.readouterr()
    assert run(["search", "an unreadable fever", "-i", "letters"]) == 1
    assert capfd.readouterr().err.startswith("ragmed: letters: the vector of the query ")


def test_a_passage_whose_vector_is_not_finite_stops_the_build(
    home: Path, letters: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = home / "tiny" / "lines.tsv"
    before = lines.read_text(encoding="utf-8")
    lines.write_text(before.replace("lowers blood glucose", "is unreadable"), encoding="utf-8")
    capfd.readouterr()
    assert run(["index", "build", "letters"]) == 1
    assert "letters: the vector of passage 'd2:0-61' is not finite" in capfd.readouterr().err
    assert documents(Index(letters).search(["blood glucose"], 1)[0]) == ["d2"]
    lines.write_text(before, encoding="utf-8")


def test_an_encoder_of_another_dimension_makes_the_index_stale(letters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog.load("encoders", "fake_letters"), "dim", 27)
    with pytest.raises(StaleIndex, match="vectors have 26 dimensions, the encoder 27; rebuild the index"):
        Index(letters)


@dataclass
class FakeRewriter:
    """Searches for ``more`` besides the question, and remembers what a plain search finds for it."""

    more: tuple[str, ...] = ()
    seen: list[list[str]] = field(default_factory=list)

    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        self.seen += [documents(found) for found in retrieve(queries, 1)]
        return [(query, *(replace(query, text=text) for text in self.more)) for query in queries]


@dataclass
class FakeReranker:
    """Turns the order of what it reads, and remembers how much there was."""

    name: str = "turned"
    depth: int = 3
    seen: list[int] = field(default_factory=list)

    def rerank(self, query: Query, evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
        self.seen.append(len(evidence))
        turned = [*reversed(evidence[: self.depth]), *evidence[self.depth :]]
        return tuple(
            replace(one, rank=rank, score=float(-rank), signals={**one.signals, self.name: float(-rank)})
            for rank, one in enumerate(turned[:k], start=1)
        )


def pipeline(index: Index, *parts: Any) -> Pipeline:
    return Pipeline(
        index.pipeline.fusion,
        tuple(part for part in parts if isinstance(part, Rewriter)),
        tuple(part for part in parts if isinstance(part, Reranker)),
    )


def test_several_queries_for_one_question_are_searched_and_joined(index: Index) -> None:
    rewriter = FakeRewriter(more=("insulin",))
    found = index.find(["fever", "slender fingers"], 3, pipeline=pipeline(index, rewriter))
    assert [[query.text for query in one.searched] for one in found] == [
        ["fever", "insulin"],
        ["slender fingers", "insulin"],
    ]
    assert [one.query.text for one in found] == ["fever", "slender fingers"]
    assert rewriter.seen == [["d3"], ["d1"]]
    for one in found:
        assert "d2" in documents(index.evidence(one))
        assert (np.diff(one.ranking.scores) <= 0).all()
        assert len(set(one.ranking.rows.tolist())) == len(one.ranking) == 3


def test_rewriters_follow_one_another(index: Index) -> None:
    first, second = FakeRewriter(more=("insulin",)), FakeRewriter(more=("skin",))
    [found] = index.find(["fever"], 3, pipeline=pipeline(index, first, second))
    assert {query.text for query in found.searched} == {"fever", "insulin", "skin"}
    assert second.seen == [["d3"], ["d2"]]


def test_a_query_given_back_as_it_was_is_found_as_without_a_rewriter(index: Index) -> None:
    [found] = index.find(["fever"], 3, pipeline=pipeline(index, FakeRewriter()))
    [plain] = index.find(["fever"], 3)
    assert index.evidence(found) == index.evidence(plain)
    assert found.searched == plain.searched


def test_what_a_rewriter_retrieves_is_restricted_as_the_search(index: Index) -> None:
    rewriter = FakeRewriter(more=("insulin",))
    nothing = Restriction(sources=("nowhere",))
    assert index.search(["fever"], 3, restriction=nothing, pipeline=pipeline(index, rewriter)) == [()]
    assert rewriter.seen == [[]]


def test_a_reranker_reads_to_its_depth_and_k_are_given(index: Index) -> None:
    reranker = FakeReranker()
    [plain] = index.search(["fever"], 4)
    [found] = index.search(["fever"], 2, pipeline=pipeline(index, reranker))
    assert reranker.seen == [3]
    assert [one.passage for one in found] == [one.passage for one in plain[2:0:-1]]
    assert [(one.rank, one.score, one.signals) for one in found] == [
        (1, -1.0, {"turned": -1.0}),
        (2, -2.0, {"turned": -2.0}),
    ]
    assert [one.ranks_by_retriever for one in found] == [one.ranks_by_retriever for one in plain[2:0:-1]]


def test_what_lies_beyond_a_rerankers_depth_follows(index: Index) -> None:
    [plain] = index.search(["fever"], 4)
    [found] = index.search(["fever"], 4, pipeline=pipeline(index, FakeReranker(depth=2)))
    assert [one.passage for one in found] == [plain[i].passage for i in (1, 0, 2, 3)]


def test_rerankers_follow_one_another_and_their_signals_add_up(index: Index) -> None:
    first, second = FakeReranker("first"), FakeReranker("second", depth=2)
    [plain] = index.search(["fever"], 4)
    [found] = index.search(["fever"], 1, pipeline=pipeline(index, first, second))
    assert (first.seen, second.seen) == ([3], [3])
    assert [one.passage for one in found] == [plain[1].passage]
    assert [one.signals for one in found] == [{"first": -2.0, "second": -1.0}]


def test_a_reranker_of_nothing(index: Index) -> None:
    nothing = Restriction(sources=("nowhere",))
    assert index.search(["fever"], restriction=nothing, pipeline=pipeline(index, FakeReranker())) == [()]
    assert index.search([], pipeline=pipeline(index, FakeRewriter(), FakeReranker())) == []
    assert index.search(["fever"], 0, pipeline=pipeline(index, FakeRewriter(("skin",)), FakeReranker())) == [()]


def test_one_retriever_alone_is_rewritten_and_reranked_only_where_asked(index: Index) -> None:
    rewriter, reranker = FakeRewriter(more=("insulin",)), FakeReranker()
    [found] = index.find(["fever"], 3, "bm25", pipeline=pipeline(index, rewriter, reranker))
    assert list(found.rankings) == ["bm25"]
    assert [query.text for query in found.searched] == ["fever", "insulin"]
    assert set(documents(index.evidence(found))) == {"d2", "d3"}


@pytest.mark.parametrize("query", WORDLESS.values(), ids=WORDLESS)
def test_a_query_without_a_word_finds_nothing(index, query):
    for retriever in (None, "bm25", "dense"):
        assert index.search([query, "insulin"], 1, retriever)[0] == ()
        assert documents(index.search([query, "insulin"], 1, retriever)[1]) == ["d2"]


@pytest.mark.parametrize("wrong", [b"fever", Query("q", "fever"), [3], [None], [b"fever"]])
def test_what_is_no_sequence_of_queries(index, wrong):
    with pytest.raises(QuestionError):
        index.search(wrong)


def test_fewer_passages_of_several_queries_are_the_first_of_more(index):
    how = pipeline(index, FakeRewriter(more=("insulin",)))
    four = index.search(["slender fingers"], 4, pipeline=how)[0]
    for k in (1, 2, 3):
        assert [e.passage.passage_id for e in index.search(["slender fingers"], k, pipeline=how)[0]] == [
            e.passage.passage_id for e in four[:k]
        ]


def test_ranks_of_retrievers_do_not_end_at_k(index):
    how = pipeline(index, FakeRewriter(more=("insulin",)))
    [found] = index.find(["slender fingers"], 1, pipeline=how)
    assert len(found.rankings["dense"]) == 4


def test_a_negative_depth_finds_nothing_with_a_reranker_too(index):
    assert index.search(["fever"], -1, pipeline=pipeline(index, FakeReranker())) == [()]


def test_a_restriction_may_be_written_with_lists(index):
    assert len(index.search(["fever"], 1, restriction=Restriction(sources=["tiny"]))[0]) == 1


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_rewriter_that_answers_for_too_few_or_too_many(index, n):
    class FakeMiscounting:
        def rewrite(self, queries, retrieve):
            return [(queries[0],)] * n

    with pytest.raises(RagmedError):
        index.search(["fever", "insulin"], 1, pipeline=pipeline(index, FakeMiscounting()))


def test_the_same_query_twice_counts_once(index):
    first, second = FakeRewriter(more=("insulin",)), FakeRewriter(more=("insulin",))
    [found] = index.find(["fever"], 3, pipeline=pipeline(index, first, second))
    assert [q.text for q in found.searched] == ["fever", "insulin"]
