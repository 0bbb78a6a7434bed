"""How the authors of well-known encoders mean them to be used, by exact model id.

Each entry says only what its source says; what it leaves open (pooling, limits, prompts) comes from the model's own
files. Sources are model cards and code of the authors, read in November 2026; where those show several instructions,
the one for answering questions is taken. A model that is not listed is used as its files say, without prefixes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ragmed.errors import EncoderError, UnknownName

Pooling = Literal["", "cls", "mean", "last"]
"""Which vector of the last layer stands for the text: the first token's, the mean, the last token's; empty: as the
model's files say."""


@dataclass(frozen=True, slots=True)
class Preset:
    """How a model reads queries and passages. None and 0: as the model's files say.

    ``query_model`` encodes queries where that is another model. ``pairs``: a passage is read as two segments, its
    title and the rest. ``append_eos``: every text ends in the end-of-sequence token.
    ``remote_code``: the model runs code from its repository.
    """

    source: str
    pooling: Pooling = ""
    query_prefix: str | None = None
    passage_prefix: str | None = None
    max_passage_tokens: int = 0
    max_query_tokens: int = 0
    query_model: str = ""
    pairs: bool = False
    append_eos: bool = False
    remote_code: bool = False


_BGE = Preset(
    source="https://github.com/FlagOpen/FlagEmbedding/tree/master/research/baai_general_embedding",
    pooling="cls",
    query_prefix="Represent this sentence for searching relevant passages: ",
    passage_prefix="",
    max_passage_tokens=512,
    max_query_tokens=512,
)
_E5 = Preset(
    source="https://github.com/microsoft/unilm/blob/master/e5/mteb_beir_eval.py",
    pooling="mean",
    query_prefix="query: ",
    passage_prefix="passage: ",
    max_passage_tokens=512,
    max_query_tokens=512,
)
_MULTILINGUAL_E5 = replace(_E5, source="https://huggingface.co/intfloat/multilingual-e5-large")
_WEB_SEARCH = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
_CONTRIEVER = Preset(
    source="https://github.com/facebookresearch/contriever/blob/main/src/contriever.py",
    pooling="mean",
    query_prefix="",
    passage_prefix="",
)
_BMRETRIEVER = Preset(
    source="https://github.com/ritaranx/BMRetriever (README.md; the instruction: nfcorpus in prompt.py)",
    pooling="last",
    query_prefix="Given a question, retrieve relevant documents that best answer the question\nQuery: ",
    passage_prefix="Represent this passage\npassage: ",
    max_passage_tokens=512,
    max_query_tokens=512,
    append_eos=True,
)


def _gte(model: str) -> Preset:
    return Preset(
        source=f"https://huggingface.co/{model}",
        pooling="cls",
        query_prefix="",
        passage_prefix="",
        max_passage_tokens=8192,
        max_query_tokens=8192,
        remote_code=True,
    )


def _own_prompts(model: str, max_tokens: int) -> Preset:
    """The model's files hold the prompt for queries; the limit is the model card's."""
    return Preset(
        source=f"https://huggingface.co/{model}",
        passage_prefix="",
        max_passage_tokens=max_tokens,
        max_query_tokens=max_tokens,
    )


def _plain(model: str, max_tokens: int = 0, pooling: Pooling = "mean") -> Preset:
    return Preset(
        source=f"https://huggingface.co/{model}",
        pooling=pooling,
        query_prefix="",
        passage_prefix="",
        max_passage_tokens=max_tokens,
        max_query_tokens=max_tokens,
    )


PRESETS: Mapping[str, Preset] = {
    "ncbi/MedCPT-Article-Encoder": Preset(
        source="https://github.com/ncbi/MedCPT",
        pooling="cls",
        query_prefix="",
        passage_prefix="",
        max_passage_tokens=512,
        max_query_tokens=64,
        query_model="ncbi/MedCPT-Query-Encoder",
        pairs=True,
    ),
    "BAAI/bge-small-en-v1.5": _BGE,
    "BAAI/bge-base-en-v1.5": _BGE,
    "BAAI/bge-large-en-v1.5": _BGE,
    "BAAI/bge-m3": Preset(
        source="https://github.com/FlagOpen/FlagEmbedding/tree/master/research/BGE_M3",
        pooling="cls",
        query_prefix="",
        passage_prefix="",
        max_passage_tokens=8192,
        max_query_tokens=8192,
    ),
    **{
        f"intfloat/{name}": _E5
        for name in (
            "e5-small",
            "e5-base",
            "e5-large",
            "e5-small-v2",
            "e5-base-v2",
            "e5-large-v2",
        )
    },
    **{f"intfloat/multilingual-e5-{size}": _MULTILINGUAL_E5 for size in ("small", "base", "large")},
    "intfloat/e5-mistral-7b-instruct": Preset(
        source="https://huggingface.co/intfloat/e5-mistral-7b-instruct",
        query_prefix=_WEB_SEARCH,
        passage_prefix="",
        max_passage_tokens=4096,
        max_query_tokens=4096,
    ),
    "Alibaba-NLP/gte-base-en-v1.5": _gte("Alibaba-NLP/gte-base-en-v1.5"),
    "Alibaba-NLP/gte-large-en-v1.5": _gte("Alibaba-NLP/gte-large-en-v1.5"),
    "Alibaba-NLP/gte-Qwen2-1.5B-instruct": _own_prompts("Alibaba-NLP/gte-Qwen2-1.5B-instruct", 8192),
    "Alibaba-NLP/gte-Qwen2-7B-instruct": _own_prompts("Alibaba-NLP/gte-Qwen2-7B-instruct", 8192),
    **{
        f"Qwen/Qwen3-Embedding-{size}": _own_prompts(f"Qwen/Qwen3-Embedding-{size}", 8192)
        for size in ("0.6B", "4B", "8B")
    },
    **{f"BMRetriever/BMRetriever-{size}": _BMRETRIEVER for size in ("410M", "1B", "2B", "7B")},
    # Fine-tuned from BGE, yet the card shows no prefix.
    **{
        f"abhinand/MedEmbed-{size}-v0.1": _plain(f"abhinand/MedEmbed-{size}-v0.1", pooling="")
        for size in ("small", "base", "large")
    },
    # Made for names, definitions and sentences rather than for questions and passages.
    **{
        f"FremyCompany/{name}": _plain(f"FremyCompany/{name}")
        for name in ("BioLORD-2023", "BioLORD-2023-C", "BioLORD-2023-M")
    },
    "reasonir/ReasonIR-8B": Preset(
        source="https://github.com/facebookresearch/ReasonIR",
        pooling="",
        query_prefix="",
        passage_prefix="",
        remote_code=True,
    ),
    "facebook/contriever": _CONTRIEVER,
    "facebook/contriever-msmarco": _CONTRIEVER,
    "sentence-transformers/all-MiniLM-L6-v2": _plain("sentence-transformers/all-MiniLM-L6-v2", 256),
    "sentence-transformers/all-mpnet-base-v2": _plain("sentence-transformers/all-mpnet-base-v2", 384),
}

_QUERY_MODELS = {preset.query_model: model for model, preset in PRESETS.items() if preset.query_model}
_NOTHING = Preset(source="")


def preset_of(model: str, preset: str) -> Preset:
    """The preset named; where none is, that of the model, or one that leaves everything to the model's files.

    Raises:
        UnknownName: a preset was named and there is none of that name.
        EncoderError: the model is only the query side of another.
    """
    if preset:
        if preset not in PRESETS:
            raise UnknownName("presets of encoders", preset, PRESETS)
        return PRESETS[preset]
    if model in _QUERY_MODELS:
        raise EncoderError(
            f"{model}: encodes queries only; name the model of its passages: model = {_QUERY_MODELS[model]!r}"
        )
    return PRESETS.get(model, _NOTHING)
