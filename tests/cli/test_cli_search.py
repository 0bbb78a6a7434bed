"""``ragmed search``: restrictions and explanations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ragmed.cli import run

FILES = {
    "corpora/papers.toml": """
title = "Six papers"
homepage = "https://example.org/"
licence = "CC0"
builder = "papers"

[[files]]
name = "papers"
path = "papers/papers.tsv"
url = "https://example.org/papers.tsv"

[counts]
documents = 6
""",
    "papers/papers.tsv": """\
p1\tjournals\tCC BY\t2001-05\tReview\t\tAspirin lowers fever in adults.
p2\tjournals\tCC BY\t2019\tReview; Meta-Analysis\t\tAspirin and fever in children: a review of trials.
p3\tjournals\tCC0\t2019-06-30\tCase Reports\tPMID:9\tFever after aspirin was withdrawn.
p4\tLeaflets\tCC0\t\t\t\tParacetamol lowers fever.
p5\tLeaflets\tCC0\t2024\t\t\tInsulin lowers blood glucose.
p6\tLeaflets\tCC0\t2024\t\t\tBeta blockers lower the heart rate.
""",
    "components/corpora/papers.py": '''
"""One paper per line: id, source, licence, date, publication types, retraction and text, separated by tabs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ragmed.protocols import Corpus
from ragmed.types import Document


@dataclass(frozen=True)
class Papers:
    files: Mapping[str, Path]

    def documents(self) -> Iterator[Document]:
        for line in self.files["papers"].read_text(encoding="utf-8").splitlines():
            doc_id, source, licence, published, types, retracted, text = line.split("\\t")
            meta = {"publication_types": types, "retracted": retracted}
            yield Document(
                doc_id, "", text, source, "https://example.org/" + doc_id, licence, published,
                meta={key: value for key, value in meta.items() if value},
            )

    def release(self) -> str:
        return "2025-01-01"


COMPONENT: type[Corpus] = Papers
''',
    "components/fusion/fake_learned.py": '''
"""Takes the lexical list where the query is one word, the dense one otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass

from ragmed.protocols import Fusion, IndexView, Ranking
from ragmed.types import Query, Weighing


@dataclass(frozen=True)
class FakeLearned:
    def fuse(self, query: Query, found: Mapping[str, Ranking], k: int, index: IndexView) -> Ranking:
        weights = self.weigh(query, found, index).weights
        best = found[max(weights, key=weights.__getitem__)]
        return Ranking(best.rows[:k], best.scores[:k])

    def weigh(self, query: Query, found: Mapping[str, Ranking], index: IndexView) -> Weighing:
        n = len(query.text.split())
        lexical = 0.75 if n == 1 else 0.25
        return Weighing(
            {"bm25": lexical, "dense": 1 - lexical},
            {"n_words": float(n), "n_dense": float(len(found["dense"]))},
            ("the query has one word" if n == 1 else "the query has several words",),
        )


COMPONENT: type[Fusion] = FakeLearned
''',
    "components/queries/fake_synonyms.py": '''
"""Searches for the question, and for its words with a drug's other name."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragmed.protocols import Retrieve, Rewriter
from ragmed.types import Query


@dataclass(frozen=True)
class FakeSynonyms:
    def rewrite(self, queries: Sequence[Query], retrieve: Retrieve) -> list[tuple[Query, ...]]:
        return [
            (
                query,
                replace(
                    query,
                    lexical="acetylsalicylic",
                    expansions=(("aspirin", 0.5),),
                    documents=("It lowers fever.",),
                ),
            )
            for query in queries
        ]


COMPONENT: type[Rewriter] = FakeSynonyms
''',
    "components/rerankers/fake_newest.py": '''
"""Adds a hundredth of the year of publication."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragmed.protocols import Reranker
from ragmed.types import Evidence, Query


@dataclass(frozen=True)
class FakeNewest:
    depth: int = 20

    def rerank(self, query: Query, evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
        scored = []
        for one in evidence:
            year = float(one.passage.published[:4] or 0) / 100
            scored.append(replace(one, score=one.score + year, signals={"relevance": one.score, "newest": year}))
        scored.sort(key=lambda one: (-one.score, one.passage.passage_id))
        return tuple(replace(one, rank=rank) for rank, one in enumerate(scored[:k], start=1))


COMPONENT: type[Reranker] = FakeNewest
''',
}
RECIPE = """
{more}

[[corpora]]
name = "papers"
splitter = "whole"

[[retrievers]]
name = "bm25"

[[retrievers]]
name = "dense"
encoder = "minilm"
"""
RECIPES = {
    "plain": RECIPE.format(more='fusion = "rrf"'),
    "learned": RECIPE.format(more='fusion = "fake_learned"'),
    "long": RECIPE.format(
        more='fusion = "fake_learned"\n[[queries]]\nname = "fake_synonyms"\n[[rerankers]]\nname = "fake_newest"'
    ),
    "words": RECIPE.format(more="").partition('[[retrievers]]\nname = "dense"')[0],
}


@dataclass(frozen=True)
class Ran:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def papers_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with one index a recipe, and the components that they name."""
    folder = tmp_path_factory.mktemp("papers")
    recipes = {f"indexes/{name}.toml": text for name, text in RECIPES.items()}
    for name, text in {**FILES, **recipes}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAGMED_HOME", str(folder))
        environment.setenv("RAGMED_MIRROR", str(folder))
        environment.setenv("RAGMED_COMPONENTS", str(folder / "components"))
        for name in RECIPES:
            assert run(["index", "build", name]) == 0
        yield folder


@pytest.fixture
def ragmed(papers_home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command in this process."""

    def call(*arguments: str) -> Ran:
        capfdbinary.readouterr()
        code = run(arguments)
        captured = capfdbinary.readouterr()
        return Ran(code, captured.out.decode("utf-8"), captured.err.decode("utf-8"))

    return call


def documents(ran: Ran) -> list[str]:
    assert ran.code == 0, ran.err
    return sorted(hit["doc_id"] for hit in ran.json["hits"])


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], ["p1", "p2", "p3", "p4", "p5", "p6"]),
        (["--source", "leaflets"], ["p4", "p5", "p6"]),
        (["--licence", "cc by"], ["p1", "p2"]),
        (["--kind", "document", "--source", "leaflets"], ["p4", "p5", "p6"]),
        (["--type", "meta-analysis"], ["p2"]),
        (["--type", "Meta-Analysis", "--type", "case reports"], ["p2", "p3"]),
        (["--since", "2019-07"], ["p2", "p5", "p6"]),
        (["--since", "2019", "--until", "2019-06-30"], ["p2", "p3"]),
        (["--until", "2001"], ["p1"]),
        (["--exclude-retracted", "--until", "2020"], ["p1", "p2"]),
        (["--since", "2030"], []),
        (["--source", "leaflets", "--type", "Review"], []),
    ],
)
def test_a_search_finds_what_the_options_allow(ragmed: Run, options: list[str], found: list[str]) -> None:
    ran = ragmed("search", "fever", "-i", "plain", "--json", *options)
    assert documents(ran) == found
    assert ran.err == ""


def test_as_many_are_found_as_without_the_restriction(ragmed: Run) -> None:
    """The best passages of all are not what is restricted: the search is."""
    assert documents(ragmed("search", "fever", "-i", "plain", "-k", "2", "--since", "2024", "--json")) == ["p5", "p6"]


def test_the_restriction_is_part_of_the_result(ragmed: Run) -> None:
    result = ragmed("search", "fever", "-i", "plain", "--source", "leaflets", "--exclude-retracted", "--json").json
    assert list(result) == ["query", "index", "restriction", "hits"]
    assert result["restriction"] == {
        "sources": ["leaflets"],
        "licences": [],
        "kinds": [],
        "publication_types": [],
        "published_from": "",
        "published_to": "",
        "retracted": False,
    }


def test_nothing_found_names_the_restriction(ragmed: Run) -> None:
    ran = ragmed("search", "fever", "-i", "plain", "--since", "2030", "--type", "Review")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "Nothing found in index 'plain' with publication type Review; published from 2030.\n"


def test_a_value_that_no_passage_has_is_named_with_those_there_are(ragmed: Run) -> None:
    ran = ragmed("search", "fever", "-i", "plain", "--source", "leaflet", "--json")
    assert documents(ran) == []
    assert ran.err == (
        "ragmed: --source leaflet: no passage has it; there are: 'Leaflets' (3), 'journals' (3) "
        "(did you mean 'Leaflets'?)\n"
    )
    ran = ragmed("search", "fever", "-i", "plain", "--type", "Letter", "--type", "Review", "--json")
    assert documents(ran) == ["p1", "p2"]
    assert ran.err == (
        "ragmed: --type Letter: no passage has it; there are: 'Review' (2), 'Case Reports' (1), 'Meta-Analysis' (1)\n"
    )


@pytest.mark.parametrize("command", ["search", "ask"])
@pytest.mark.parametrize("date", ["2019-13", "19", "June 2019", "2019-02-30"])
def test_a_date_in_another_form_is_wrong_usage(ragmed: Run, command: str, date: str) -> None:
    ran = ragmed(command, "fever", "-i", "plain", "--since", date)
    assert (ran.code, ran.out) == (2, "")
    assert f"{date!r} is no date; write it as in" in " ".join(ran.err.split())


@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_range_that_ends_before_it_begins_is_an_error(ragmed: Run, command: str) -> None:
    ran = ragmed(command, "fever", "-i", "plain", "--since", "2020", "--until", "2019")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("ragmed: published from 2020 to 2019: this ends before it begins")


@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_text_that_is_too_long_says_how_long_it_may_be(ragmed: Run, command: str) -> None:
    ran = ragmed(command, "fever " * 16_667, "-i", "plain")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "ragmed: the question has 100,002 characters; the limit is 32,768\n"


def test_an_answer_draws_on_what_the_options_allow(ragmed: Run) -> None:
    ran = ragmed("ask", "What lowers fever?", "-i", "plain", "--source", "Leaflets", "--json")
    answer = ran.json
    assert {one["passage"]["doc_id"] for one in answer["evidence"]} == {"p4", "p5", "p6"}
    assert answer["trace"][0] == {"step": "restrict", "to": "source Leaflets"}
    assert ran.err == ""


def test_an_answer_not_found_says_what_it_was_restricted_to(ragmed: Run) -> None:
    ran = ragmed("ask", "What lowers fever?", "-i", "plain", "--source", "atlas", "--since", "2020")
    assert ran.code == 0
    assert "with bm25 and dense, restricted to: source atlas; published from 2020." in ran.out
    assert ran.err.startswith("ragmed: --source atlas: no passage has it; there are: ")


def test_explaining_a_fusion_that_weighs_every_query_alike(ragmed: Run) -> None:
    result = ragmed("search", "fever", "-i", "plain", "--explain", "--json").json
    assert list(result) == ["query", "index", "explanation", "hits"]
    assert result["explanation"] == {
        "retriever": None,
        "rewriters": [],
        "searched": [
            {"text": "fever", "lexical": "", "expansions": [], "rewordings": [], "documents": [], "weighing": None}
        ],
        "fusion": "rrf",
        "rerankers": [],
    }
    lines = ragmed("search", "fever", "-i", "plain", "--explain").out.splitlines()
    assert lines[:2] == ["The fusion rrf weighs every query alike.", ""]


def test_every_hit_tells_its_rank_and_score_in_each_list(ragmed: Run) -> None:
    hits = ragmed("search", "insulin", "-i", "plain", "--explain", "--json").json["hits"]
    assert list(hits[0])[-3:] == ["ranks_by_retriever", "scores_by_retriever", "signals"]
    assert hits[0]["doc_id"] == "p5"
    assert hits[0]["ranks_by_retriever"] == {"bm25": 1, "dense": 1}
    for name in ("bm25", "dense"):
        [alone] = ragmed("search", "insulin", "-i", "plain", "--retriever", name, "-k", "1", "--json").json["hits"]
        assert hits[0]["scores_by_retriever"][name] == alone["score"]
    assert list(hits[1]["scores_by_retriever"]) == list(hits[1]["ranks_by_retriever"]) == ["dense"]
    lines = ragmed("search", "insulin", "-i", "plain", "--explain", "-k", "2").out.splitlines()
    assert lines[2].startswith("1. p5")
    assert lines[4].startswith("   score 0.03")
    assert lines[5].startswith("     bm25   rank 1, score ")
    assert lines[6].startswith("     dense  rank 1, score 0.")
    assert lines[10] == "     bm25   not among the 1 it found"


def test_explaining_a_fusion_that_decides_query_by_query(ragmed: Run) -> None:
    explanation = ragmed("search", "insulin", "-i", "learned", "--explain", "--json").json["explanation"]
    assert explanation["fusion"] == "fake_learned"
    assert explanation["searched"][0]["weighing"] == {
        "weights": {"bm25": 0.75, "dense": 0.25},
        "features": {"n_words": 1.0, "n_dense": 6.0},
        "reasons": ["the query has one word"],
    }
    lines = ragmed("search", "blood glucose", "-i", "learned", "--explain").out.splitlines()
    assert lines[:4] == [
        "The fusion fake_learned trusts: dense 0.75, bm25 0.25",
        "   because the query has several words",
        "   from: n_words 2, n_dense 6",
        "",
    ]


def test_what_is_explained_is_the_restricted_search(ragmed: Run) -> None:
    result = ragmed("search", "fever", "-i", "learned", "--source", "leaflets", "--explain", "--json").json
    assert result["explanation"]["searched"][0]["weighing"]["features"]["n_dense"] == 3.0


def test_one_retriever_alone_is_not_weighed(ragmed: Run) -> None:
    for arguments in (["-i", "learned", "--retriever", "bm25"], ["-i", "words"]):
        result = ragmed("search", "insulin", *arguments, "--explain", "--json").json
        assert (result["explanation"]["retriever"], result["explanation"]["fusion"]) == ("bm25", None)
        assert result["explanation"]["searched"][0]["weighing"] is None
        lines = ragmed("search", "insulin", *arguments, "--explain").out.splitlines()
        assert lines[0] == "Searched with bm25 alone: nothing is fused."


def test_explaining_rewritten_queries_and_rerankers(ragmed: Run) -> None:
    arguments = ["search", "aspirin", "-i", "long", "--exclude-retracted", "--explain"]
    result = ragmed(*arguments, "--json").json
    explanation = result["explanation"]
    assert (explanation["rewriters"], explanation["rerankers"]) == (["fake_synonyms"], ["fake_newest"])
    asked, synonyms = explanation["searched"]
    assert (asked["text"], asked["lexical"]) == ("aspirin", "")
    assert {key: synonyms[key] for key in ("text", "lexical", "expansions", "documents")} == {
        "text": "aspirin",
        "lexical": "acetylsalicylic",
        "expansions": [["aspirin", 0.5]],
        "documents": ["It lowers fever."],
    }
    assert [query["weighing"]["weights"]["bm25"] for query in (asked, synonyms)] == [0.75, 0.75]
    for hit in result["hits"]:
        assert hit["score"] == sum(hit["signals"].values())
        assert set(hit["signals"]) == {"relevance", "newest"}
    assert ragmed(*arguments, "-k", "1").out == snapshot(result)


def snapshot(result: Any) -> str:
    """The text that people are shown of the same search."""
    hit = result["hits"][0]
    ranks, scores = hit["ranks_by_retriever"], hit["scores_by_retriever"]
    places = {name: f"rank {rank}, score {scores[name]:.4f}" for name, rank in ranks.items()}
    weighing = (
        "   The fusion fake_learned trusts: bm25 0.75, dense 0.25\n"
        "      because the query has one word\n"
        "      from: n_words 1, n_dense 5\n"
    )
    return (
        "Searched instead of the question (fake_synonyms):\n"
        "1. aspirin\n"
        f"{weighing}"
        "2. aspirin\n"
        "   by words: acetylsalicylic\n"
        "   and words: aspirin (× 0.5)\n"
        "   and as in: It lowers fever.\n"
        f"{weighing}"
        "Below, a retriever's list joins those of these queries; its scores are sums of 1 / (60 + rank).\n"
        "Reordered by fake_newest.\n"
        "\n"
        f"1. {hit['passage_id']} — {hit['url']}\n"
        f"   {hit['text']}\n"
        f"   score {hit['score']:.4f}\n"
        f"     bm25       {places['bm25']}\n"
        f"     dense      {places['dense']}\n"
        f"     relevance  {hit['signals']['relevance']:+.4f}\n"
        f"     newest     {hit['signals']['newest']:+.4f}\n"
    )
