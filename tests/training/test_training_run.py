"""A training as a whole, without models: pairs and card in a folder, figures compared, commands and their errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragmed.cli import run
from ragmed.errors import RecipeError
from ragmed.index.open import Index
from ragmed.protocols import Progress, Vectors, no_progress
from ragmed.training import trainer
from ragmed.training.held_out import compare, encoder_figures, encoder_passages, reranker_figures
from ragmed.training.negatives import Mining
from ragmed.training.pairs import Negative, Pair, plain_passage, read_pairs
from ragmed.training.pool import index_pool
from ragmed.training.reranker import listwise, pointwise
from ragmed.training.run import recipe_lines, train
from ragmed.training.settings import Settings
from ragmed.types import Evidence, Query

SECOND = 0.6309297535714575
"""What a document at rank 2 counts: 1 / log2(3)."""


def nothing(stage: str, done: int, total: int) -> None:
    """Show nothing."""


def dry_run(out: Path, **options: Any) -> dict[str, Any]:
    options = {"model": "encoder", "base": "base", "index": "guide", "held_out": 0.3, **options}
    return train(Settings(**options), out, dry_run=True, progress=nothing)


def pair(query: str, doc_id: str, *negatives: str, split: Any = "held_out") -> Pair:
    others = tuple(Negative(plain_passage(n, n, n), 1) for n in negatives)
    return Pair(query, query, plain_passage(doc_id, doc_id, doc_id), others, split)


def test_a_dry_run_writes_pairs_and_an_unfinished_card(guide: Index, tmp_path: Path) -> None:
    card = dry_run(tmp_path / "out")
    pairs = read_pairs(tmp_path / "out" / "pairs.jsonl")
    assert not card["finished"]
    assert card == json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert card["pairs"]["n_train"] + card["pairs"]["n_held_out"] == len(pairs) == 9
    assert card["data"]["index_id"] == guide.manifest.index_id
    held_out = {p.positive.doc_id for p in pairs if p.split == "held_out"}
    assert all(n.passage.doc_id not in held_out for p in pairs if p.split == "train" for n in p.negatives)
    assert {p.name for p in (tmp_path / "out").iterdir() if p.suffix} == {"pairs.jsonl", "training.json"}


def test_two_runs_write_the_same_bytes(guide: Index, tmp_path: Path) -> None:
    for name in ("a", "b"):
        dry_run(tmp_path / name)
    for name in ("pairs.jsonl", "training.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_pairs_that_were_written_are_gone_on_with(guide: Index, tmp_path: Path) -> None:
    first = dry_run(tmp_path / "out")
    written = tmp_path / "out" / "pairs.jsonl"
    kept = written.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]
    written.write_text("".join(kept), encoding="utf-8")
    again = dry_run(tmp_path / "out")
    assert again["pairs"]["n_train"] + again["pairs"]["n_held_out"] == 8
    assert again["pairs"]["sha256"] != first["pairs"]["sha256"]


def test_once_pairs_were_looked_at_another_number_of_epochs_may_be_chosen(guide: Index, tmp_path: Path) -> None:
    first = dry_run(tmp_path / "out")
    again = dry_run(tmp_path / "out", epochs=5, base="other")
    assert (again["settings"]["epochs"], again["settings"]["base"]) == (5, "other")
    assert again["pairs"] == first["pairs"]


def test_a_folder_of_another_training_or_of_other_files_is_left_alone(guide: Index, tmp_path: Path) -> None:
    dry_run(tmp_path / "out")
    with pytest.raises(RecipeError, match="another seed"):
        dry_run(tmp_path / "out", seed=2)
    card = tmp_path / "out" / "training.json"
    card.write_text(json.dumps(json.loads(card.read_text(encoding="utf-8")) | {"base": "folder@1"}), encoding="utf-8")
    with pytest.raises(RecipeError, match=r"another epochs \(1, not 2\)"):
        dry_run(tmp_path / "out", epochs=2)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Dear", encoding="utf-8")
    with pytest.raises(RecipeError, match="holds other files"):
        dry_run(tmp_path / "mine")


def test_pairs_of_a_file_need_no_index(tmp_path: Path) -> None:
    lines = [
        {"query": f"what is term{i}", "positive": f"term{i} is the thing {i} of kind term{i - 1}."} for i in range(20)
    ]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    card = dry_run(tmp_path / "out", index="", pairs=str(tmp_path / "pairs.jsonl"), first_rank=1)
    assert (card["pairs"]["n_train"], card["pairs"]["n_held_out"]) == (14, 6)
    assert card["pairs"]["n_negatives_found"] > 0


class Letters:
    """An encoder of two dimensions: how many a and b a text has."""

    dim, max_tokens = 2, 100

    def fingerprint(self) -> str:
        return "letters"

    def load(self) -> None:
        """Nothing to load."""

    def encode_queries(self, texts: Any) -> Vectors:
        import numpy as np

        counts = np.array([[text.count("a"), text.count("b")] for text in texts], dtype=np.float32)
        return (counts / np.linalg.norm(counts, axis=1, keepdims=True)).astype(np.float32)

    def encode_passages(self, texts: Any, progress: Progress = no_progress) -> Vectors:
        return self.encode_queries(texts)

    def count_tokens(self, texts: Any) -> list[int]:
        return [len(text) for text in texts]

    def count_truncated(self, texts: Any) -> int:
        return 0


def test_an_encoder_is_measured_by_where_the_answer_stands() -> None:
    pairs = [pair("aa", "aaa"), pair("bb", "baa"), pair("ab", "x", split="train")]
    passages = [plain_passage(text, text, text) for text in ("aaa", "baa", "bba")]
    assert encoder_figures(Letters(), pairs, passages) == {"aa": 1.0, "bb": pytest.approx(SECOND)}


def test_two_documents_that_answer_one_query_both_count() -> None:
    pairs = [pair("aa", "aaa"), pair("AA", "bbb")]
    passages = [plain_passage(text, text, text) for text in ("aaa", "aab", "bbb")]
    figures = encoder_figures(Letters(), pairs, passages)
    assert figures == {"aa": pytest.approx((1 + 0.5) / (1 + SECOND))}


class Longest:
    """A reranker that likes long texts."""

    depth = 100

    def rerank(self, query: Query, evidence: Any, k: int) -> tuple[Evidence, ...]:
        best = sorted(evidence, key=lambda e: -len(e.passage.text))
        return tuple(Evidence(e.passage, -rank, rank, {}) for rank, e in enumerate(best, start=1))


def test_a_reranker_is_measured_on_what_was_found() -> None:
    pairs = [pair("q", "long", "no"), pair("r", "no", "longer"), pair("s", "no", "longer", split="train")]
    assert reranker_figures(Longest(), pairs) == {"q": 1.0, "r": pytest.approx(SECOND)}


def test_the_pool_holds_what_answers_and_what_is_hard_before_others(guide: Index) -> None:
    pairs = [pair("q", "answer", "hard1", "hard2"), pair("r", "trained", "easy", split="train")]
    pool = index_pool(guide, None)
    small = {p.passage_id for p in encoder_passages(pairs, pool, 3, seed=1)}
    assert small == {"answer", "hard1", "hard2"}
    assert len(encoder_passages(pairs, pool, 8, seed=1)) == 8
    assert len(encoder_passages(pairs, pool, 1000, seed=1)) == 13
    assert encoder_passages(pairs, pool, 8, seed=1) == encoder_passages(pairs, pool, 8, seed=1)


def test_an_unjudged_answer_to_a_held_out_query_is_not_in_the_pool(guide: Index) -> None:
    passages = encoder_passages([pair("What is fever", "fever")], index_pool(guide, None), 1000, seed=1)
    assert "pyrexia" not in {p.doc_id for p in passages}
    assert len(passages) == 1 + 10 - 2


def test_better_means_that_it_is_hardly_by_chance() -> None:
    before = {str(i): 0.1 for i in range(20)}
    better = compare(before, {str(i): 0.5 + i / 100 for i in range(20)}, seed=1)
    assert better.is_better
    assert better.difference == pytest.approx(better.after - better.before)
    assert not compare(before, before, seed=1).is_better
    by_chance = compare(before, {**before, "0": 0.9, "1": 0.0}, seed=1)
    assert by_chance.difference > 0
    assert not by_chance.is_better
    few = compare(before, {**before, **{str(i): 0.9 for i in range(5)}}, seed=1)
    assert few.low > 0
    assert few.p_value == 2 / 2**5
    assert not few.is_better
    with pytest.raises(ValueError, match="other queries"):
        compare(before, {"x": 1.0}, seed=1)


def test_rows_of_a_reranker() -> None:
    pairs = [pair("q", "yes", "no", split="train"), pair("r", "none", split="train"), pair("s", "yes", "no")]
    assert pointwise(pairs) == {"query": ["q", "q"], "passage": ["yes", "no"], "label": [1.0, 0.0]}
    assert listwise(pairs) == {"query": ["q"], "passages": [["yes", "no"]], "labels": [[1, 0]]}


@pytest.mark.parametrize(
    "options",
    [
        {"index": "", "pairs": ""},
        {"queries": "poems"},
        {"held_out": 1.0},
        {"lr": 0.0},
        {"epochs": 0},
        {"first_rank": 0},
        {"first_rank": 9, "last_rank": 8},
        {"margin": 2.0},
        {"model": "reranker", "negatives": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(options: Any) -> None:
    with pytest.raises(RecipeError):
        Settings(**{"model": "encoder", "base": "b", "index": "guide", **options})


def test_defaults_draw_what_the_documentation_says() -> None:
    assert Settings("encoder", "b", "guide").mining() == Mining(n=3, first_rank=5, last_rank=50, margin=0.0, seed=1)


def test_the_last_whole_checkpoint_is_gone_on_from(tmp_path: Path) -> None:
    for step in (2, 10, 11):
        (tmp_path / f"checkpoint-{step}").mkdir()
    for step in (2, 10):
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").touch()
    assert trainer.last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
    assert trainer.last_checkpoint(tmp_path / "none") is None


def test_recipe_lines_name_the_folder_of_the_model(tmp_path: Path) -> None:
    lines = recipe_lines({"settings": {"model": "encoder"}}, tmp_path)
    assert lines[-1] == f'encoder = {{name = "sentence_transformers", model = "{tmp_path}/model"}}'
    assert recipe_lines({"settings": {"model": "reranker"}}, tmp_path)[1:] == [
        'name = "cross_encoder"',
        f'model = "{tmp_path}/model"',
    ]


def test_the_command_makes_pairs_to_look_at(guide: Index, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", "encoder", "--index", "guide", "--base", "b", "--out", str(tmp_path / "out"), "--dry-run"]
    assert run(arguments) == 0
    assert "8 pairs of 8 documents to learn from, 1 pair of 1 document held out" in capfd.readouterr().out
    assert run([*arguments, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["pairs"]["n_train"] == 8


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--index", "nowhere"], 1, "no indexes named 'nowhere'"),
        ([], 2, "give --index NAME, --pairs FILE, or both"),
        (["--pairs", "nowhere.jsonl"], 1, "nowhere.jsonl: no such file of pairs"),
        (["--index", "guide", "--retriever", "dense"], 1, "have: bm25"),
        (["--index", "guide", "--ranks", "9-5"], 2, "as 5-50"),
        (["--index", "guide", "--queries", "generated", "--generator", "{name = 1"], 2, "not a table of TOML"),
        (["--index", "guide", "--queries", "generated"], 1, "--generator"),
    ],
)
def test_wrong_input_is_told_in_one_line(
    guide: Index, tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    assert run(["train", "reranker", "--base", "b", "--out", str(tmp_path / "o"), "--dry-run", *arguments]) == code
    told = capfd.readouterr().err
    assert message in told
    assert "Traceback" not in told
    assert code == 2 or told.count("\n") == 1


def test_a_package_that_is_missing_is_named_with_its_extra(
    guide: Index, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    assert run(["train", "encoder", "--index", "guide", "--base", "b", "--out", str(tmp_path / "o")]) == 1
    assert capfd.readouterr().err == (
        "ragmed: 'torch' is not installed; install it with: pip install 'ragmed[train]'\n"
    )
