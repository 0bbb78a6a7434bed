"""Late interaction: each token of the question looks for its most similar token in the passage (MaxSim).

Source: Khattab & Zaharia 2020, "ColBERT: Efficient and Effective Passage Search via Contextualized Late Interaction
over BERT" (SIGIR), arXiv:2004.12832; Santhanam et al. 2022, ColBERTv2, arXiv:2112.01488. A passage's score is the sum
over the question's tokens of their highest cosine to any token of the passage. As there, punctuation of the passage is
passed over, a marker behind the first token tells question from passage, and a question is filled up with ``[MASK]`` to
``query_tokens``. Unlike there, a longer question is not cut at that length, only at ``max_tokens``.

``model`` is a ColBERT checkpoint (its projection, ``linear.weight``, is used where the file has one) or any encoder of
the transformers library, by its name on the hub or from a folder; with ``runtime = "onnx"`` a folder with its ONNX
export, whose first output is a vector a token, without torch. Models made for one vector a text are not trained for
this: measure before you rely on one.

A passage longer than the model reads is read in windows, whose tokens all count, or it is cut; how many were is noted
in ``report``, and cuts are warned of once.

Signal: ``late_interaction``, the score.
"""

from __future__ import annotations

import functools
import string
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ragmed.errors import EncoderError, MissingExtra, RecipeError
from ragmed.protocols import Encoder, Reranker, Vectors
from ragmed.report import Report
from ragmed.rerankers._order import best_first, heading, ranked, whole_text, with_score
from ragmed.rerankers._tokens import count, cut, n_positions, onnx_model, plain, run_onnx, unloadable, windows
from ragmed.types import Evidence, Passage, Query

_CUT = "passage cut: longer than the late interaction model reads"
_PARTED = "passage read in windows: longer than the late interaction model reads"
_SHORTENED = "question cut: longer than the late interaction model reads"
_LIMIT = 512
"""Tokens read where the model does not say how many it takes."""

_Matrix: TypeAlias = "NDArray[np.float32]"


@runtime_checkable
class GivesTokenVectors(Protocol):
    """An encoder that also gives a vector a token."""

    @property
    def max_tokens(self) -> int: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...

    def token_vectors(self, texts: Sequence[str]) -> list[Vectors]:
        """For each text a unit vector a token read, special tokens included."""
        ...


@dataclass(frozen=True)
class LateInteraction:
    """The defaults are those of ColBERTv2. For a model without markers and masks of its own set ``query_marker`` and
    ``passage_marker`` to "" and ``query_tokens`` to 0.

    With ``encoder``, an encoder that gives its token vectors (`GivesTokenVectors`), that reads in place of the model:
    all of a passage's tokens count, punctuation too, as far as it reads.

    ``max_tokens`` of a text are read at once, special tokens included (less where the model takes less).
    ``revision``, ``device`` and ``batch_size`` are torch's; ONNX Runtime reads text by text on the CPU.
    """

    model: str = "colbert-ir/colbertv2.0"
    encoder: Encoder | None = field(default=None, metadata={"family": "encoders", "default": None})
    revision: str = "main"
    runtime: Literal["torch", "onnx"] = "torch"
    depth: int = 30
    max_tokens: int = 512
    batch_size: int = 16
    device: str = "cpu"
    query_marker: str = "[unused0]"
    passage_marker: str = "[unused1]"
    query_tokens: int = 32
    long_passages: Literal["windows", "cut"] = "windows"
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.depth < 1 or self.batch_size < 1 or self.max_tokens < 8:
            raise RecipeError("late_interaction: depth and batch_size must be at least 1, max_tokens at least 8")

    def rerank(self, query: Query, evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
        """As the protocol says. Raises `MissingExtra`, or `EncoderError` where the model cannot be had or used."""
        read = evidence[: self.depth]
        if not read:
            return ()
        passages = [e.passage for e in read]
        scores = self._by_model(query, passages) if self.encoder is None else self._by_encoder(query, passages)
        scored = [with_score(e, score, late_interaction=score) for e, score in zip(read, scores, strict=True)]
        return ranked(best_first(scored), evidence[self.depth :], k)

    def _by_model(self, query: Query, passages: Sequence[Passage]) -> list[float]:
        reader = self._reader()
        limit = min(self.max_tokens, reader.limit)
        question = self._question(reader, query.text, limit)
        texts: list[_Text] = []
        owners: list[int] = []
        for row, passage in enumerate(passages):
            of_passage = self._passage(reader, passage, limit)
            texts += of_passage
            owners += [row] * len(of_passage)
        best = np.full((len(passages), len(question)), -1.0)
        for owner, text, vectors in zip(owners, texts, reader.vectors(texts, self.batch_size), strict=True):
            best[owner] = np.maximum(best[owner], _highest(question, vectors[text.used]))
        found: list[float] = best.sum(axis=1).tolist()
        return found

    def _by_encoder(self, query: Query, passages: Sequence[Passage]) -> list[float]:
        if not isinstance(self.encoder, GivesTokenVectors):
            raise RecipeError("late_interaction: this encoder gives no vector a token; name another, or a model")
        texts = [whole_text(passage) for passage in passages]
        for passage, n_tokens in zip(passages, self.encoder.count_tokens(texts), strict=True):
            if n_tokens > self.encoder.max_tokens:
                self._note(_CUT, passage.passage_id)
        [question] = self.encoder.token_vectors([query.text])
        return [float(_highest(question, vectors).sum()) for vectors in self.encoder.token_vectors(texts)]

    def _reader(self) -> _Reader:
        if self.runtime == "onnx":
            return _onnx_reader(self.model)
        return _torch_reader(self.model, self.revision, self.device)

    def _question(self, reader: _Reader, question: str, limit: int) -> _Matrix:
        """A unit vector for each of the question's tokens, markers and masks included."""
        tokenizer, room = reader.tokenizer, self._room(reader, limit)
        asked = cut(tokenizer, question, room)
        if count(tokenizer, question) > room:
            self._note(_SHORTENED, question[:80])
        encoding = tokenizer.encode(asked)
        ids = self._marked(reader, encoding.ids, self.query_marker)
        n_read = len(ids)
        ids += [self._token(reader, "[MASK]")] * (min(self.query_tokens, limit) - n_read)
        return reader.vectors([_Text(ids, n_read, list(range(len(ids))))], 1)[0]

    def _passage(self, reader: _Reader, passage: Passage, limit: int) -> list[_Text]:
        """The passage, or its windows; the title stands above all of them, in at most half of the room."""
        tokenizer, room = reader.tokenizer, self._room(reader, limit)
        above = cut(tokenizer, heading(passage), room // 2)
        pieces = windows(tokenizer, passage.text, max(1, room - count(tokenizer, above)))
        if len(pieces) > 1:
            self._note(_PARTED if self.long_passages == "windows" else _CUT, passage.passage_id)
            pieces = pieces if self.long_passages == "windows" else pieces[:1]
        texts = []
        for piece in pieces:
            text = f"{above} {piece}".strip()
            encoding = tokenizer.encode(text)
            # A window taken out of its text may have a token more than it had there.
            ids = self._marked(reader, encoding.ids, self.passage_marker)[:limit]
            shift = 1 if self.passage_marker else 0
            punctuation = {
                place + (shift if place > 0 else 0)
                for place, (start, end) in enumerate(encoding.offsets)
                if start < end and all(c in string.punctuation for c in text[start:end].strip())
            }
            texts.append(_Text(ids, len(ids), [place for place in range(len(ids)) if place not in punctuation]))
        return texts

    def _room(self, reader: _Reader, limit: int) -> int:
        """Tokens of a text's own that fit."""
        return max(1, limit - len(reader.tokenizer.encode("").ids) - 1)

    def _marked(self, reader: _Reader, ids: Sequence[int], marker: str) -> list[int]:
        return [*ids[:1], self._token(reader, marker), *ids[1:]] if marker else list(ids)

    def _token(self, reader: _Reader, token: str) -> int:
        token_id: int | None = reader.tokenizer.token_to_id(token)
        if token_id is None:
            raise EncoderError(
                f"late interaction model {self.model!r}: has no token {token}; set query_marker and passage_marker to "
                'tokens it has, or to "", and query_tokens to 0'
            )
        return token_id

    def _note(self, remark: str, where: str) -> None:
        if remark not in self.report.notes and remark != _PARTED:
            warnings.warn(f"{self.model}: {remark} (further ones are only counted)", stacklevel=4)
        self.report.note(remark, where)


@dataclass(frozen=True, slots=True)
class _Text:
    """Token ids, of which the first ``n_read`` are read by the others; the places whose vectors count."""

    ids: list[int]
    n_read: int
    used: list[int]


@dataclass(frozen=True)
class _Torch:
    """``tokenizer`` neither cuts nor pads; ``limit`` is how many tokens the model takes."""

    model: Any
    projection: Any
    tokenizer: Any
    limit: int
    padding_id: int
    lock: threading.Lock

    def vectors(self, texts: Sequence[_Text], batch_size: int) -> list[_Matrix]:
        """For each text a unit vector a token. Texts of similar length are read together."""
        import torch

        order = sorted(range(len(texts)), key=lambda row: -len(texts[row].ids))
        found: list[_Matrix] = [np.zeros((0, 0), dtype=np.float32)] * len(texts)
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            width = len(texts[rows[0]].ids)
            ids = torch.tensor([t.ids + [self.padding_id] * (width - len(t.ids)) for t in (texts[r] for r in rows)])
            mask = torch.tensor([[1] * texts[r].n_read + [0] * (width - texts[r].n_read) for r in rows])
            device = self.model.device
            with torch.inference_mode(), self.lock:
                output = self.model(input_ids=ids.to(device), attention_mask=mask.to(device)).last_hidden_state
                if self.projection is not None:
                    output = output @ self.projection.T
            for row, vectors in zip(rows, output.float().cpu().numpy(), strict=True):
                found[row] = _unit(vectors[: len(texts[row].ids)])
        return found


@dataclass(frozen=True)
class _Onnx:
    """As `_Torch`, without it."""

    session: Any
    tokenizer: Any
    limit: int
    name: str

    def vectors(self, texts: Sequence[_Text], batch_size: int) -> list[_Matrix]:
        found = []
        for text in texts:
            n = len(text.ids)
            output = run_onnx(
                self.session,
                input_ids=np.array([text.ids], dtype=np.int64),
                attention_mask=np.array([[1] * text.n_read + [0] * (n - text.n_read)], dtype=np.int64),
                token_type_ids=np.zeros((1, n), dtype=np.int64),
            )
            if np.ndim(output) != 3 or np.shape(output)[:2] != (1, n):
                raise EncoderError(
                    f"late interaction model {self.name!r}: gives {np.shape(output)} for {n} tokens, not a vector each"
                )
            found.append(_unit(output[0]))
        return found


_Reader: TypeAlias = _Torch | _Onnx


def _highest(question: _Matrix, passage: _Matrix) -> NDArray[np.float64]:
    """For each token of the question its highest cosine to one of the passage."""
    return np.asarray((question @ passage.T).max(axis=1, initial=-1.0), dtype=np.float64)


def _unit(vectors: Any) -> _Matrix:
    if not np.isfinite(vectors).all():
        raise EncoderError("late interaction: the model gives a vector of what is no number")
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1.0), dtype=np.float32)


@functools.cache
def _torch_reader(name: str, revision: str, device: str) -> _Reader:
    try:
        import torch  # noqa: F401
        from transformers import AutoModel, AutoTokenizer
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "transformers", "hf") from error
    try:
        slow_or_fast = AutoTokenizer.from_pretrained(name, revision=revision)
        model = AutoModel.from_pretrained(name, revision=revision)
        projection = _projection(name, revision)
    except (OSError, ValueError, ImportError) as error:
        raise unloadable("late interaction model", name, error) from error
    backend = getattr(slow_or_fast, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(f"late interaction model {name!r}: has no fast tokenizer; save it with one")
    model = model.to(device).eval()
    return _Torch(
        model,
        None if projection is None else projection.to(device),
        plain(backend),
        _limit(model.config.to_dict()),
        int(slow_or_fast.pad_token_id or 0),
        threading.Lock(),
    )


def _projection(name: str, revision: str) -> Any:
    """ColBERT's last layer, (dim, hidden size), where the checkpoint has one; transformers' own models have not."""
    from safetensors import safe_open
    from transformers.utils.hub import cached_file

    file = cached_file(name, "model.safetensors", revision=revision, _raise_exceptions_for_missing_entries=False)
    if file is None or not Path(file).is_file():
        return None
    with safe_open(file, framework="pt") as tensors:
        return tensors.get_tensor("linear.weight") if "linear.weight" in tensors.keys() else None  # noqa: SIM118


@functools.cache
def _onnx_reader(folder: str) -> _Reader:
    tokenizer, session, config = onnx_model(folder, "late interaction model")
    return _Onnx(session, tokenizer, _limit(config), folder)


def _limit(config: Mapping[str, Any]) -> int:
    return n_positions(config) or _LIMIT


COMPONENT: type[Reranker] = LateInteraction
