"""``ragmed search``, ``show``, ``verify``, ``index`` and ``corpus``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

HIT_KEYS = [
    "rank",
    "score",
    "passage_id",
    "doc_id",
    "title",
    "section",
    "page",
    "question",
    "text",
    "source",
    "url",
    "licence",
    "published",
    "retracted",
    "ranks_by_retriever",
]


def test_search_prints_one_object_for_programs(ragmed: Run) -> None:
    ran = ragmed("search", "blood glucose", "--index", "tiny", "-k", "2", "--json")
    result = json.loads(ran.out)
    assert list(result) == ["query", "index", "hits"]
    assert (result["query"], result["index"]) == ("blood glucose", "tiny")
    assert [hit["rank"] for hit in result["hits"]] == [1, 2]
    assert list(result["hits"][0]) == HIT_KEYS
    assert result["hits"][0]["doc_id"] == "d2"
    assert result["hits"][0]["ranks_by_retriever"] == {"bm25": 1, "dense": 1}


def test_search_with_one_retriever_alone(ragmed: Run) -> None:
    hits = json.loads(ragmed("search", "fever", "-i", "tiny", "--retriever", "bm25", "--json").out)["hits"]
    assert [hit["ranks_by_retriever"] for hit in hits] == [{"bm25": 1}]
    wrong = ragmed("search", "fever", "-i", "tiny", "--retriever", "bm52")
    assert (wrong.code, wrong.out) == (1, "")
    assert "have: bm25, dense" in wrong.err


def test_search_without_hits_says_so(ragmed: Run) -> None:
    ran = ragmed("search", "xylophone", "-i", "tiny", "--retriever", "bm25")
    assert (ran.code, ran.out) == (0, "Nothing found in index 'tiny'.\n")


def test_search_for_people(ragmed: Run) -> None:
    lines = ragmed("search", "blood glucose", "-i", "tiny", "-k", "1").out.splitlines()
    assert lines[0].startswith("1. Insulin — d2:0-")
    assert lines[1] == "   Insulin is a hormone made by the pancreas that lowers blood glucose."


@pytest.mark.parametrize("k", ["0", "-1", "1001", "x"])
def test_k_is_from_1_to_1000(ragmed: Run, k: str) -> None:
    assert ragmed("search", "fever", "-i", "tiny", "-k", k).code == 2


def test_show_prints_the_passage_with_address_and_licence(ragmed: Run) -> None:
    [found] = json.loads(ragmed("search", "fever", "-i", "tiny", "-k", "1", "--json").out)["hits"]
    ran = ragmed("show", found["passage_id"], "-i", "tiny")
    assert ran.out.startswith("Fever\n")
    assert "url: https://example.org/d3\nlicence: CC0\n" in ran.out
    assert ran.out.endswith(found["text"] + "\n")


def test_show_takes_a_document_id(ragmed: Run) -> None:
    shown = json.loads(ragmed("show", "d3", "-i", "tiny", "--json").out)
    assert {passage["doc_id"] for passage in shown["passages"]} == {"d3"}


def test_show_of_an_unknown_id_shows_what_ids_look_like(ragmed: Run) -> None:
    ran = ragmed("show", "d9", "-i", "tiny")
    assert (ran.code, ran.out) == (1, "")
    assert "'d9'" in ran.err
    assert "ids look like: d1:0-88" in ran.err


def test_verify_accepts_what_ask_printed_and_refuses_what_was_changed(ragmed: Run, tmp_path: Path) -> None:
    saved = tmp_path / "answer.json"
    saved.write_text(ragmed("ask", "What is fever?", "-i", "tiny", "--json").out, encoding="utf-8")
    good = ragmed("verify", str(saved))
    assert good.code == 0
    assert "every quotation holds" in good.out
    answer = json.loads(saved.read_text(encoding="utf-8"))
    answer["citations"][0]["quote"] = "Fever is harmless."
    saved.write_text(json.dumps(answer), encoding="utf-8")
    bad = ragmed("verify", str(saved), "--json")
    assert bad.code == 1
    assert json.loads(bad.out)["ok"] is False
    assert json.loads(bad.out)["problems"]


def test_index_list_names_built_and_unbuilt(ragmed: Run) -> None:
    rows = {row["name"]: row for row in json.loads(ragmed("index", "list", "--json").out)["indexes"]}
    assert rows["tiny"]["state"] == "built"
    assert rows["tiny"]["n_documents"] == 4
    assert rows["default"]["state"] == "not built"
    assert "tiny\tbuilt\t" in ragmed("index", "list").out


def test_index_show_and_verify(ragmed: Run) -> None:
    shown = json.loads(ragmed("index", "show", "tiny", "--json").out)
    assert shown["corpora"][0]["licence"] == "CC0"
    assert "release: 2025-01-01" in ragmed("index", "show", "tiny").out
    verified = json.loads(ragmed("index", "verify", "tiny", "--json").out)
    assert verified["ok"] is True
    assert verified["index_id"] == shown["index_id"]


def test_index_of_a_recipe_not_built_names_the_command(ragmed: Run) -> None:
    assert "ragmed index build default" in ragmed("index", "show", "default").err
    assert "ragmed index build default" in ragmed("ask", "What is fever?").err


def test_index_build_verify_and_remove(ragmed: Run, tiny_home: Path) -> None:
    recipe = tiny_home / "indexes" / "again.toml"
    recipe.write_text('[[corpora]]\nname = "tiny"\nsplitter = "whole"\n[[retrievers]]\nname = "bm25"\n')
    folder = tiny_home / "indexes" / "again"
    built = json.loads(ragmed("index", "build", "again", "--json").out)
    assert built["path"] == str(folder)
    assert ragmed("index", "build", "again", "--if-missing").out == ""
    damaged = next(folder.rglob("*.npy"))
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    wrong = ragmed("index", "verify", "again")
    assert wrong.code == 1
    assert "ragmed index build again" in wrong.err
    assert ragmed("index", "remove", "again").out == f"removed {folder}\n"
    assert not folder.exists()
    assert ragmed("index", "remove", "again").code == 1
    recipe.unlink()


def test_corpus_list_info_and_fetch(ragmed: Run, tiny_home: Path) -> None:
    names = [row["name"] for row in json.loads(ragmed("corpus", "list", "--json").out)["corpora"]]
    assert "tiny" in names
    assert "tiny\tFour sentences\t4\tCC0\n" in ragmed("corpus", "list").out
    described = json.loads(ragmed("corpus", "info", "tiny", "--json").out)
    assert described["available"] is True
    assert "available: every file is here" in ragmed("corpus", "info", "tiny").out
    assert ragmed("corpus", "fetch", "tiny").out == f"{tiny_home / 'tiny' / 'lines.tsv'}\n"
