"""An index recipe as a search model of mteb."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ragmed.errors import MissingExtra, RagmedError
from ragmed.evaluation.mteb_wrapper import MTEBSearch
from ragmed.recipe import parse_index_recipe

CORPUS = [
    {"id": "d1", "title": "Insulin", "text": "It lowers glucose."},
    {"id": "d2", "title": "", "text": "Warfarin thins blood. " * 40 + "Glucose is sugar."},
    {"id": "d3", "title": "Only a title on glucose", "text": ""},
    {"id": "d4", "text": "Nothing of it."},
]
QUERIES = [{"id": "q1", "text": "glucose"}, {"id": "q2", "text": "unheard"}]


def model(*retrievers: str, splitter: Any = "whole", retriever: str = "") -> MTEBSearch:
    table = {
        "corpora": [{"name": "any", "splitter": splitter}],
        "retrievers": [{"name": name} for name in retrievers or ("bm25",)],
    }
    return MTEBSearch(parse_index_recipe(table, Path("small.toml")), retriever)


def searched(made: MTEBSearch, queries: Any = QUERIES, **options: Any) -> dict[str, dict[str, float]]:
    made.index(CORPUS, task_metadata=None, hf_split="test", hf_subset="default", encode_kwargs={}, num_proc=None)
    given = {"task_metadata": None, "hf_split": "test", "hf_subset": "default", "encode_kwargs": {}, "top_k": 10}
    return made.search(queries, **given | options)  # type: ignore[arg-type]


def test_every_query_has_its_documents_best_first() -> None:
    found = searched(model())
    assert sorted(found["q1"]) == ["d1", "d2", "d3"]
    assert list(found["q1"])[-1] == "d2"
    assert found["q2"] == {}


def test_a_document_counts_by_its_best_passage() -> None:
    whole = searched(model())["q1"]
    split = searched(model(splitter={"name": "sentences", "max_chars": 100}))["q1"]
    assert sorted(split) == sorted(whole)
    assert split["d2"] > whole["d2"]


def test_no_more_documents_come_than_are_asked_for() -> None:
    assert len(searched(model(), top_k=2)["q1"]) == 2


def test_a_reranking_task_gets_its_candidates_alone() -> None:
    assert list(searched(model(), top_ranked={"q1": ["d2", "d4"]})["q1"]) == ["d2"]
    assert searched(model(), top_ranked={"q2": ["d1"]})["q1"] == {}


def test_the_next_task_searches_its_own_corpus() -> None:
    made = model()
    searched(made)
    made.index([{"id": "e1", "text": "glucose"}])
    assert list(made.search(QUERIES, top_k=5)["q1"]) == ["e1"]


def test_several_retrievers_are_fused_or_one_is_chosen() -> None:
    fused = searched(model("bm25", "dense"))
    assert sorted(fused["q1"]) == ["d1", "d2", "d3", "d4"]
    alone = searched(model("bm25", "dense", retriever="bm25"))
    assert alone == searched(model("bm25"))
    with pytest.raises(RagmedError, match="no retriever 'lucene'; have: bm25"):
        model(retriever="lucene")


@pytest.mark.parametrize(
    "row",
    [
        {"id": "q1", "text": "unheard", "instruction": "glucose"},
        {"id": "q1", "text": ["unheard", "glucose"]},
        {"id": "q1", "text": [{"role": "user", "content": "glucose"}], "instruction": "unheard"},
    ],
)
def test_instructions_and_conversations_are_searched_whole(row: dict[str, Any]) -> None:
    assert sorted(searched(model(), [row])["q1"]) == ["d1", "d2", "d3"]


def test_searching_before_indexing_is_an_error() -> None:
    with pytest.raises(RagmedError, match="nothing is indexed"):
        model().search(QUERIES, top_k=1)


def test_mteb_is_told_which_recipe_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    class ModelMeta(SimpleNamespace):
        model_fields = {  # noqa: RUF012
            "release_date": SimpleNamespace(is_required=lambda: True),
            "contacts": SimpleNamespace(is_required=lambda: False),
        }

    for name in ("mteb", "mteb.models", "mteb.models.model_meta"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["mteb.models.model_meta"].ModelMeta = ModelMeta  # type: ignore[attr-defined]
    meta = model("bm25").mteb_model_meta
    assert (meta.name, meta.model_type, meta.release_date) == ("ragmed/small-bm25", ["sparse"], None)
    assert not hasattr(meta, "contacts")
    assert meta.revision == model("bm25").mteb_model_meta.revision != model("dense").mteb_model_meta.revision


def test_without_mteb_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mteb", None)
    with pytest.raises(MissingExtra, match=r"ragmed\[mteb\]"):
        _ = model().mteb_model_meta


def test_mteb_runs_it() -> None:
    mteb = pytest.importorskip("mteb")
    tasks = pytest.importorskip("mteb.mocks.mock_tasks.retrieval")
    result = mteb.evaluate(model("bm25"), tasks.MockRetrievalTask(), cache=None)
    assert 0 < result.task_results[0].get_score() <= 1
