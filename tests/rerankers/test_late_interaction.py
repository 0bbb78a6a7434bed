"""MaxSim: over token vectors that are known (ONNX), and over those of tiny torch models, computed here by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragmed.errors import EncoderError, MissingExtra, RecipeError
from ragmed.rerankers.late_interaction import LateInteraction
from ragmed.types import Evidence, Passage, Query
from tests.passages_for_tests import THREE, passage
from tests.rerankers.models_for_tests import onnx_token_vectors, save_bert_tokenizer

QUERY = Query("q", "insulin lowers glucose")
WORDS = ["insulin", "lowers", "glucose", "fever", ".", "word"]


def found(*passages: Passage) -> tuple[Evidence, ...]:
    return tuple(Evidence(p, 1 / rank, rank, {"bm25": rank}) for rank, p in enumerate(passages, start=1))


def onnx(folder: Path, **options: Any) -> LateInteraction:
    """Without markers and masks unless they are asked for; [CLS] and [SEP] are in every text."""
    model = onnx_token_vectors(folder, WORDS)
    return LateInteraction(
        model, runtime="onnx", **{"query_marker": "", "passage_marker": "", "query_tokens": 0, **options}
    )


def test_each_token_of_the_question_counts_its_best_match(tmp_path: Path) -> None:
    evidence = found(passage("a", "fever"), passage("b", "glucose insulin"), passage("c", "lowers insulin glucose"))
    reranked = onnx(tmp_path).rerank(QUERY, evidence, 3)
    assert [(e.passage.passage_id, e.score) for e in reranked] == [("c", 5.0), ("b", 4.0), ("a", 2.0)]
    assert reranked[0].signals == {"late_interaction": 5.0}


def test_title_and_text_are_read(tmp_path: Path) -> None:
    [only] = onnx(tmp_path).rerank(QUERY, found(passage("a", "lowers glucose", title="Insulin")), 1)
    assert only.score == 5.0


def test_punctuation_of_the_passage_is_passed_over(tmp_path: Path) -> None:
    asked = Query("q", "insulin .")
    [with_point] = onnx(tmp_path).rerank(asked, found(passage("a", "insulin .")), 1)
    [without] = onnx(tmp_path).rerank(asked, found(passage("a", "insulin")), 1)
    assert with_point.score == without.score == 3.0


def test_punctuation_is_found_behind_a_marker_too(tmp_path: Path) -> None:
    marked = onnx(tmp_path, query_marker="[Q]", passage_marker="[D]")
    [with_point] = marked.rerank(Query("q", "insulin ."), found(passage("a", "insulin .")), 1)
    assert with_point.score == 3.0  # [CLS], insulin, [SEP]: neither the other's marker nor the point


def test_masks_fill_the_question_up(tmp_path: Path) -> None:
    """[CLS], three words, [SEP] and four masks, each of which finds the mask that marks the passage."""
    evidence = found(passage("a", "glucose"))
    [filled] = onnx(tmp_path, query_tokens=9, passage_marker="[MASK]").rerank(QUERY, evidence, 1)
    [short] = onnx(tmp_path, query_tokens=0, passage_marker="[MASK]").rerank(QUERY, evidence, 1)
    assert (filled.score, short.score) == (7.0, 3.0)


def test_all_windows_of_a_long_passage_count(tmp_path: Path) -> None:
    reranker = onnx(tmp_path)
    text = "insulin " + "word " * 150 + "glucose " + "word " * 150 + "lowers"
    [only] = reranker.rerank(QUERY, found(passage("long", text)), 1)
    assert only.score == 5.0
    assert reranker.report.notes["passage read in windows: longer than the late interaction model reads"].n == 1


def test_a_long_passage_may_be_cut_which_is_warned_of(tmp_path: Path) -> None:
    reranker = onnx(tmp_path, long_passages="cut")
    with pytest.warns(UserWarning, match="passage cut"):
        [only] = reranker.rerank(QUERY, found(passage("long", "insulin " + "word " * 150 + "glucose")), 1)
    assert only.score == 3.0


def test_a_marker_that_the_model_does_not_have_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"has no token \[unused0\]"):
        onnx(tmp_path, query_marker="[unused0]").rerank(QUERY, found(*THREE), 3)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(RecipeError, match="max_tokens"):
        LateInteraction(max_tokens=2)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"ragmed\[hf\]"):
        LateInteraction("any/model").rerank(QUERY, found(*THREE), 3)


@dataclass(frozen=True)
class TokenEncoder:
    """Reads four words of a text; each letter that a word may begin with has a direction of its own."""

    max_tokens: int = 4

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def token_vectors(self, texts: Sequence[str]) -> list[Any]:
        rows = [[ord(word[0].lower()) for word in text.split()[: self.max_tokens]] for text in texts]
        return [np.eye(128, dtype=np.float32)[of_text] for of_text in rows]


def test_an_encoder_that_gives_token_vectors_may_read_in_its_place() -> None:
    reranker = LateInteraction(encoder=TokenEncoder())  # type: ignore[arg-type]
    evidence = found(passage("a", "fever"), passage("b", "glucose and insulin"), passage("c", "1 2 3 4 insulin"))
    with pytest.warns(UserWarning, match="passage cut"):
        reranked = reranker.rerank(QUERY, evidence, 3)
    assert [(e.passage.passage_id, e.score) for e in reranked] == [("b", 2.0), ("a", 0.0), ("c", 0.0)]
    assert [tally.examples for tally in reranker.report.notes.values()] == [["c"]]


def test_an_encoder_that_gives_none_is_refused() -> None:
    with pytest.raises(RecipeError, match="no vector a token"):
        LateInteraction(encoder=object()).rerank(QUERY, found(*THREE), 3)  # type: ignore[arg-type]


VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", "[unused1]", *WORDS]


@pytest.fixture(scope="module")
def torch() -> Any:
    pytest.importorskip("transformers", reason="needs transformers: pip install 'ragmed[hf]'")
    return pytest.importorskip("torch", reason="needs torch: pip install 'ragmed[hf]'")


def torch_model(folder: Path, torch: Any) -> Any:
    """A BERT of one layer, its weights set at random from a fixed seed."""
    from transformers import BertConfig, BertModel

    save_bert_tokenizer(folder, VOCABULARY)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        initializer_range=1.0,
    )
    model = BertModel(config).eval()
    model.save_pretrained(folder)
    return model


def vectors(model: Any, torch: Any, tokens: list[str], projection: Any = None, n_read: int = 99) -> Any:
    ids = torch.tensor([[VOCABULARY.index(token) for token in tokens]])
    mask = torch.tensor([[1 if place < n_read else 0 for place in range(len(tokens))]])
    with torch.no_grad():
        output = model(input_ids=ids, attention_mask=mask).last_hidden_state[0]
        output = output if projection is None else output @ projection.T
    found = output.numpy()
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_any_encoder_scores_by_maxsim(tmp_path: Path, torch: Any) -> None:
    model = torch_model(tmp_path, torch)
    plain = LateInteraction(str(tmp_path), query_marker="", passage_marker="", query_tokens=0, batch_size=2)
    texts = {"a": "fever", "b": "glucose insulin lowers word word", "c": "insulin lowers glucose"}
    question = vectors(model, torch, ["[CLS]", *QUERY.text.split(), "[SEP]"])
    for e in plain.rerank(QUERY, found(*(passage(name, text) for name, text in texts.items())), 3):
        of_passage = vectors(model, torch, ["[CLS]", *e.passage.text.split(), "[SEP]"])
        assert e.score == pytest.approx((question @ of_passage.T).max(axis=1).sum(), abs=1e-4)


def test_a_colbert_checkpoint_is_read_as_its_authors_do(tmp_path: Path, torch: Any) -> None:
    """Markers behind [CLS], masks that see but are not seen, the projection of the checkpoint."""
    from safetensors.torch import save_file

    model = torch_model(tmp_path, torch)
    projection = torch.randn(8, 16)
    weights = {f"bert.{name}": tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file({**weights, "linear.weight": projection}, str(tmp_path / "model.safetensors"), {"format": "pt"})
    words = QUERY.text.split()
    asked = ["[CLS]", "[unused0]", *words, "[SEP]"]
    question = vectors(model, torch, [*asked, *["[MASK]"] * (32 - len(asked))], projection, n_read=len(asked))
    of_passage = vectors(model, torch, ["[CLS]", "[unused1]", "glucose", "lowers", ".", "[SEP]"], projection)
    expected = (question @ np.delete(of_passage, 4, axis=0).T).max(axis=1).sum()
    [only] = LateInteraction(str(tmp_path)).rerank(QUERY, found(passage("a", "glucose lowers .")), 1)
    assert only.score == pytest.approx(expected, abs=1e-4)


def test_a_model_that_is_not_there_is_an_error_in_a_line(tmp_path: Path, torch: Any) -> None:
    with pytest.raises(EncoderError, match="cannot be loaded"):
        LateInteraction(str(tmp_path / "none")).rerank(QUERY, found(*THREE), 3)
