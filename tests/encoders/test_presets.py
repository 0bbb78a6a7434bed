"""Presets: by exact id, each with its source, and the words that its authors put before a text."""

from __future__ import annotations

import pytest

from ragmed.encoders._presets import PRESETS, Preset, preset_of
from ragmed.errors import EncoderError, UnknownName


@pytest.mark.parametrize("model", sorted(PRESETS))
def test_every_preset_names_its_source_and_what_it_settles(model: str) -> None:
    preset = PRESETS[model]
    assert preset.source.startswith(("https://github.com/", "https://huggingface.co/"))
    assert preset.passage_prefix is not None
    assert 0 <= preset.max_query_tokens <= preset.max_passage_tokens or not preset.max_passage_tokens


@pytest.mark.parametrize(
    ("model", "query", "passage", "pooling", "limits"),
    [
        ("ncbi/MedCPT-Article-Encoder", "", "", "cls", (64, 512)),
        (
            "BAAI/bge-base-en-v1.5",
            "Represent this sentence for searching relevant passages: ",
            "",
            "cls",
            (512, 512),
        ),
        ("BAAI/bge-m3", "", "", "cls", (8192, 8192)),
        ("intfloat/e5-base-v2", "query: ", "passage: ", "mean", (512, 512)),
        ("intfloat/multilingual-e5-small", "query: ", "passage: ", "mean", (512, 512)),
        ("Alibaba-NLP/gte-large-en-v1.5", "", "", "cls", (8192, 8192)),
        (
            "BMRetriever/BMRetriever-410M",
            "Given a question, retrieve relevant documents that best answer the question\nQuery: ",
            "Represent this passage\npassage: ",
            "last",
            (512, 512),
        ),
        ("Qwen/Qwen3-Embedding-0.6B", None, "", "", (8192, 8192)),
    ],
)
def test_a_model_is_used_as_its_authors_say(
    model: str, query: str | None, passage: str, pooling: str, limits: tuple[int, int]
) -> None:
    preset = preset_of(model, "")
    assert (preset.query_prefix, preset.passage_prefix, preset.pooling) == (query, passage, pooling)
    assert (preset.max_query_tokens, preset.max_passage_tokens) == limits


def test_a_preset_is_not_found_by_a_part_of_its_name() -> None:
    assert preset_of("someone/bge-base-en-v1.5-copy", "") == preset_of("/models/BAAI/bge-m3", "") == Preset(source="")


def test_a_preset_can_be_named_for_another_model() -> None:
    assert preset_of("/models/mine", "intfloat/e5-base-v2").query_prefix == "query: "


def test_an_unknown_preset_lists_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"no presets of encoders named 'BAAI/bge-m4'.*did you mean 'BAAI/bge-m3'"):
        preset_of("x", "BAAI/bge-m4")


def test_the_query_side_alone_is_refused_and_its_partner_named() -> None:
    with pytest.raises(EncoderError, match="ncbi/MedCPT-Article-Encoder"):
        preset_of("ncbi/MedCPT-Query-Encoder", "")
