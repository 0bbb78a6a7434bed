"""A cross-encoder: a transformer reads question and passage together and gives one number, the higher the better.

Source: Nogueira & Cho 2019, "Passage Re-ranking with BERT", arXiv:1901.04085. The default is MedCPT's, trained on
PubMed's search logs (Jin et al. 2023, Bioinformatics 39(11) btad651, arXiv:2307.00589), which reads ``[question,
"title. abstract"]`` in at most 512 tokens (https://github.com/ncbi/MedCPT, "Using the MedCPT Cross Encoder"). Any other
that sentence-transformers' ``CrossEncoder`` loads will do, by its name on the hub or from a folder; with
``runtime = "onnx"``, from a folder with its ONNX export, without torch.

A passage longer than the model reads beside the question is scored in windows, and its best window counts (MaxP of
Dai & Callan 2019, arXiv:1905.09217), or it is cut; how many were is noted in ``report``, and warned of once.

Signal: ``cross_encoder``, the score.
"""

from __future__ import annotations

import functools
import math
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ragmed.errors import EncoderError, MissingExtra, RecipeError
from ragmed.protocols import Reranker
from ragmed.report import Report
from ragmed.rerankers._order import best_first, heading, ranked, with_score
from ragmed.rerankers._tokens import count, cut, n_positions, onnx_model, plain, run_onnx, unloadable, windows
from ragmed.types import Evidence, Passage, Query

LIMITS: Mapping[str, int] = {
    "ncbi/MedCPT-Cross-Encoder": 512,
    "BAAI/bge-reranker-base": 512,
    "BAAI/bge-reranker-large": 512,
    "mixedbread-ai/mxbai-rerank-xsmall-v1": 512,
    "mixedbread-ai/mxbai-rerank-base-v1": 512,
    "mixedbread-ai/mxbai-rerank-large-v1": 512,
    "cross-encoder/ms-marco-MiniLM-L6-v2": 512,
    "cross-encoder/ms-marco-MiniLM-L12-v2": 512,
    "jinaai/jina-reranker-v2-base-multilingual": 1024,
}
"""Tokens of question and passage together that models read by their authors' word (model cards, documentation)."""
_LIMIT = 512
"""Where neither the table nor the model says."""
_NO_LIMIT = 1_000_000
"""Tokenizers that know no limit state a huge one."""
_CUT = "passage cut: longer than the cross-encoder reads"
_PARTED = "passage scored in windows: longer than the cross-encoder reads"
_SHORTENED = "question shortened to leave room for the passage"


@dataclass(frozen=True)
class CrossEncoder:
    """``max_tokens`` of question and passage are read together; 0: what the model's authors say (`LIMITS`), else
    what the model takes.

    ``activation`` "none" gives the model's raw output, "sigmoid" a number between 0 and 1 in the same order.
    ``revision``, ``device``, ``batch_size`` and ``trust_remote_code`` (some models on the hub, jina's among them, come
    with code of their own) are torch's; ONNX Runtime scores pair by pair on the CPU.
    """

    model: str = "ncbi/MedCPT-Cross-Encoder"
    revision: str = "main"
    runtime: Literal["torch", "onnx"] = "torch"
    depth: int = 30
    max_tokens: int = 0
    batch_size: int = 16
    device: str = "cpu"
    activation: Literal["none", "sigmoid"] = "none"
    long_passages: Literal["windows", "cut"] = "windows"
    trust_remote_code: bool = False
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.depth < 1 or self.batch_size < 1 or self.max_tokens < 0:
            raise RecipeError("cross_encoder: depth and batch_size must be at least 1, max_tokens at least 0")

    def rerank(self, query: Query, evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
        """As the protocol says. Raises `MissingExtra`, or `EncoderError` where the model cannot be had or used."""
        read = evidence[: self.depth]
        if not read:
            return ()
        scorer = self._scorer()
        pairs: list[tuple[str, str]] = []
        owners: list[int] = []
        for row, e in enumerate(read):
            of_passage = self._pairs(scorer, query.text, e.passage)
            pairs += of_passage
            owners += [row] * len(of_passage)
        scores = scorer.score(pairs, self.batch_size)
        if not np.isfinite(scores).all():
            raise EncoderError(f"cross-encoder {self.model!r}: gives a score that is not a number")
        best = np.full(len(read), -np.inf)
        np.maximum.at(best, owners, scores)
        final = [_sigmoid(score) if self.activation == "sigmoid" else score for score in best.tolist()]
        scored = [with_score(e, score, cross_encoder=score) for e, score in zip(read, final, strict=True)]
        return ranked(best_first(scored), evidence[self.depth :], k)

    def _scorer(self) -> _Scorer:
        if self.runtime == "onnx":
            return _onnx_scorer(self.model, self.max_tokens or LIMITS.get(self.model, 0))
        limit = self.max_tokens or LIMITS.get(self.model, 0)
        return _torch_scorer(self.model, self.revision, self.device, limit, self.trust_remote_code)

    def _pairs(self, scorer: _Scorer, question: str, passage: Passage) -> list[tuple[str, str]]:
        """Question and passage, once or, where they do not fit, with each window; the title stands above all of them.

        Where it is long, the question may take three quarters of the room, and the title half of what is left.
        """
        tokenizer, limit = scorer.tokenizer, scorer.limit - scorer.n_special
        asked = cut(tokenizer, question, limit - limit // 4)
        if asked != question and count(tokenizer, question) > limit - limit // 4:
            self._note(_SHORTENED, question[:80])
        room = limit - count(tokenizer, asked)
        above = cut(tokenizer, heading(passage), room // 2)
        pieces = windows(tokenizer, passage.text, max(1, room - count(tokenizer, above)))
        if len(pieces) > 1:
            self._note(_PARTED if self.long_passages == "windows" else _CUT, passage.passage_id)
            pieces = pieces if self.long_passages == "windows" else pieces[:1]
        return [(asked, f"{above} {piece}".strip()) for piece in pieces]

    def _note(self, remark: str, where: str) -> None:
        if remark not in self.report.notes and remark != _PARTED:
            warnings.warn(f"{self.model}: {remark} (further ones are only counted)", stacklevel=4)
        self.report.note(remark, where)


@dataclass(frozen=True)
class _Torch:
    """``tokenizer`` neither cuts nor pads; ``limit`` counts the ``n_special`` tokens of a pair in."""

    model: Any
    tokenizer: Any
    limit: int
    n_special: int
    lock: threading.Lock

    def score(self, pairs: Sequence[tuple[str, str]], batch_size: int) -> NDArray[np.float64]:
        import torch

        with self.lock:  # tokenizers of transformers keep settings and must not be shared between threads
            scores = self.model.predict(
                list(pairs), batch_size=batch_size, show_progress_bar=False, activation_fn=torch.nn.Identity()
            )
        return np.asarray(scores, dtype=np.float64).reshape(len(pairs))


@dataclass(frozen=True)
class _Onnx:
    """As `_Torch`, without it."""

    session: Any
    tokenizer: Any
    limit: int
    n_special: int
    name: str

    def score(self, pairs: Sequence[tuple[str, str]], batch_size: int) -> NDArray[np.float64]:
        """One pair at a time: nothing is padded, and a score does not depend on the others."""
        cutting = plain(self.tokenizer)
        cutting.enable_truncation(self.limit, strategy="longest_first")
        scores = np.zeros(len(pairs))
        for row, pair in enumerate(cutting.encode_batch(list(pairs))):
            output = run_onnx(
                self.session,
                input_ids=np.array([pair.ids], dtype=np.int64),
                attention_mask=np.array([pair.attention_mask], dtype=np.int64),
                token_type_ids=np.array([pair.type_ids], dtype=np.int64),
            )
            if np.size(output) != 1:
                raise _no_reranker(self.name, np.size(output))
            scores[row] = float(np.reshape(output, -1)[0])
        return scores


_Scorer: TypeAlias = _Torch | _Onnx


@functools.cache
def _torch_scorer(name: str, revision: str, device: str, limit: int, trust_remote_code: bool) -> _Scorer:
    try:
        import sentence_transformers
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "sentence_transformers", "hf") from error
    load: Callable[..., Any] = sentence_transformers.CrossEncoder
    try:
        model = load(name, revision=revision, device=device, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, ImportError) as error:
        raise unloadable("cross-encoder", name, error) from error
    if model.num_labels != 1:
        raise _no_reranker(name, model.num_labels)
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(f"cross-encoder {name!r}: has no fast tokenizer; save it with one")
    said = [n_positions(model[0].model.config.to_dict()), int(model.tokenizer.model_max_length)]
    takes = min([n for n in said if 0 < n < _NO_LIMIT], default=0)
    limit = _limit(limit, takes)
    # Named anew in sentence-transformers 6.
    setattr(model, "max_seq_length" if hasattr(type(model), "max_seq_length") else "max_length", limit)
    tokenizer = plain(backend)
    return _Torch(model, tokenizer, limit, len(tokenizer.encode("", "").ids), threading.Lock())


@functools.cache
def _onnx_scorer(folder: str, limit: int) -> _Scorer:
    tokenizer, session, config = onnx_model(folder, "cross-encoder")
    limit = _limit(limit, n_positions(config))
    return _Onnx(session, tokenizer, limit, len(tokenizer.encode("", "").ids), folder)


def _limit(wanted: int, takes: int) -> int:
    """What is wanted, as far as the model takes it; 0: not said."""
    return min(wanted or takes, takes) if takes else wanted or _LIMIT


def _no_reranker(name: str, n_outputs: int) -> EncoderError:
    return EncoderError(f"{name!r} gives {n_outputs} numbers a pair: it is a classifier, not a reranker; name another")


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


COMPONENT: type[Reranker] = CrossEncoder
