"""Training with tiny models of random weights: it learns, goes on where it stopped, and its folder serves a recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragmed import catalog
from ragmed.cli import run
from ragmed.errors import EncoderError
from ragmed.index.open import Index
from ragmed.training import encoder as encoder_training
from ragmed.training.pairs import Negative, Pair, plain_passage
from ragmed.training.run import train
from ragmed.training.settings import Settings
from ragmed.types import Evidence, Query

torch = pytest.importorskip("torch")
library = pytest.importorskip("sentence_transformers")
transformers = pytest.importorskip("transformers")
pytest.importorskip("datasets")
pytest.importorskip("accelerate")

N = 24
WORDS = [*(f"name{i}" for i in range(N)), *(f"sign{i}" for i in range(N)), "find", "read"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A BERT of one layer that knows the words of the pairs and nothing of what goes with what."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("base")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    transformers.BertModel(config).save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    ).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Pairs of a name and the sign that goes with it; half of them again with other words around it."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    rows = [{"query": f"name{i}", "positive": f"sign{i} sign{i}", "doc_id": f"d{i}"} for i in range(N)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def settings(base: str, lines: str, **options: Any) -> Settings:
    given = {"model": "encoder", "first_rank": 1, "epochs": 2, "batch_size": 8, "lr": 5e-3, "held_out": 0.2}
    return Settings(**{**given, "base": base, "pairs": lines, **options})


def nothing(stage: str, done: int, total: int) -> None:
    """Show nothing."""


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    [file] = folder.rglob("model.safetensors")
    return load_file(file)


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all((a[key] == b[key]).all() for key in a)


def test_an_encoder_learns_and_is_served_from_its_folder(base: str, lines: str, tmp_path: Path) -> None:
    card = train(settings(base, lines, query_prefix="find ", epochs=25), tmp_path / "out", progress=nothing)
    assert card["finished"]
    assert card["training"]["n_steps"] == 25 * 3
    assert set(card["figures"]) >= {"measure", "n_queries", "before", "after", "low", "high", "is_better"}
    assert not (tmp_path / "out" / "checkpoints").exists()
    trained = catalog.make("encoders", {"name": "sentence_transformers", "model": str(tmp_path / "out" / "model")}, "t")
    assert trained.max_tokens == 64
    pairs = [json.loads(line) for line in (tmp_path / "out" / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    learnt = [pair for pair in pairs if pair["split"] == "train"]
    scores = (
        trained.encode_queries([p["query"] for p in learnt])
        @ trained.encode_passages([p["positive"]["text"] for p in learnt]).T
    )
    assert (scores.argmax(axis=1) == range(len(learnt))).mean() > 0.9
    # The prefix is in the model's files.
    assert trained._prefix("query") == "find "


def test_a_finished_training_is_not_done_again(base: str, lines: str, tmp_path: Path) -> None:
    first = train(settings(base, lines, epochs=1), tmp_path / "out", progress=nothing)
    before = weights(tmp_path / "out" / "model")
    assert train(settings(base, lines, epochs=1), tmp_path / "out", progress=nothing) == first
    assert same(weights(tmp_path / "out" / "model"), before)


@pytest.mark.parametrize("model", ["encoder", "reranker"])
def test_an_interrupted_training_ends_as_one_that_was_not(model: str, base: str, lines: str, tmp_path: Path) -> None:
    chosen = settings(base, lines, model=model, epochs=3)
    whole = train(chosen, tmp_path / "whole", progress=nothing)
    steps = []

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "train":
            steps.append(done)
            if done == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(chosen, tmp_path / "parts", progress=interrupt)
    assert list((tmp_path / "parts" / "checkpoints").glob("checkpoint-*"))
    steps.clear()
    parts = train(chosen, tmp_path / "parts", progress=lambda stage, done, _: steps.append(done))
    assert same(weights(tmp_path / "whole" / "model"), weights(tmp_path / "parts" / "model"))
    assert parts["figures"] == whole["figures"]
    assert parts["training"] == whole["training"]


def test_another_seed_trains_another_model(base: str, lines: str, tmp_path: Path) -> None:
    for seed in (1, 2):
        train(settings(base, lines, epochs=1, seed=seed), tmp_path / str(seed), progress=nothing)
    assert not same(weights(tmp_path / "1" / "model"), weights(tmp_path / "2" / "model"))


@pytest.mark.parametrize("loss", ["bce", "lambda"])
def test_a_reranker_learns_and_is_served_from_its_folder(loss: str, base: str, tmp_path: Path) -> None:
    rows = [{"query": f"name{i}", "positive": f"sign{i} read", "negatives": [f"sign{i} find"]} for i in range(N)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    chosen = settings(base, str(tmp_path / "pairs.jsonl"), model="reranker", loss=loss, epochs=5, negatives=1)
    card = train(chosen, tmp_path / "out", progress=nothing)
    assert card["figures"]["after"] == 1.0
    reranker = catalog.make("rerankers", {"name": "cross_encoder", "model": str(tmp_path / "out" / "model")}, "t")
    texts = ["sign3 find", "sign3 read", "sign2 find"]
    found = [Evidence(plain_passage(text, text, text), 0.0, rank, {}) for rank, text in enumerate(texts, start=1)]
    assert reranker.rerank(Query("q", "name3"), found, 1)[0].passage.text == "sign3 read"


def test_the_command_says_so_where_it_is_no_better_and_how_to_use_it(
    base: str, guide: Index, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--index", "guide", "--base", base, "--out", str(out), "--max-tokens", "16", "--lr", "1e-9"]
    assert run(["train", "encoder", *arguments]) == 0
    told = capfd.readouterr().out
    assert "not better than before: keep the old encoder" in told
    assert f'encoder = {{name = "sentence_transformers", model = "{out}/model"}}' in told


def test_models_that_cannot_be_trained_are_named(base: str, lines: str, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="cannot be trained here"):
        train(settings("ncbi/MedCPT-Article-Encoder", lines), tmp_path / "a", progress=nothing)
    with pytest.raises(EncoderError, match="no such folder"):
        train(settings("nowhere", lines), tmp_path / "b", progress=nothing)


def test_pairs_with_fewer_negatives_repeat_theirs_and_those_with_none_are_left_out() -> None:
    def pair(query: str, *negatives: str) -> Pair:
        others = tuple(Negative(plain_passage(n, n, n)) for n in negatives)
        return Pair(query, query, plain_passage(query, query, "Text.", title="Title"), others)

    made = encoder_training.examples([pair("a", "x", "y"), pair("b", "z"), pair("c")])
    assert made.n_left_out == 1
    assert made.columns == {
        "anchor": ["a", "b"],
        "positive": ["Title\nText."] * 2,
        "negative_1": ["x", "z"],
        "negative_2": ["y", "z"],
    }
    assert encoder_training.examples([pair("c")]).columns == {"anchor": ["c"], "positive": ["Title\nText."]}
