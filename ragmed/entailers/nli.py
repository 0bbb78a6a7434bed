"""A natural language inference model of the transformers library: premise and hypothesis to three probabilities.

Source: Bowman et al. 2015 (SNLI); Williams et al. 2018 (MNLI). ``model`` names one on the hub or a local folder; which
of its outputs is entailment and which contradiction, its configuration says (``id2label``), or the options do.

A text longer than the model reads is judged in pieces of whole sentences, and the highest probability of all pieces is
taken for each, as in SummaC's zero-shot variant (Laban et al. 2022, TACL 10); both can then be high. How many texts
were cut, and how many statements did not fit at all and were shortened, is noted in ``report``.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ragmed.analysis.encodable import encodable
from ragmed.analysis.sentences import sentence_spans
from ragmed.errors import EncoderError, MissingExtra
from ragmed.protocols import Entailer
from ragmed.report import Report


@dataclass(frozen=True)
class NLI:
    """``max_tokens`` of text and statement together are read at once; ``batch_size`` pairs are judged at once.

    ``entailment_label`` and ``contradiction_label`` name the outputs where the configuration does not (it says
    ``LABEL_0``). ``revision`` pins a version on the hub.
    """

    model: str = "MoritzLaurer/DeBERTa-v3-base-mnli-fever-anli"
    revision: str = "main"
    max_tokens: int = 512
    batch_size: int = 16
    device: str = "cpu"
    entailment_label: str = ""
    contradiction_label: str = ""
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def is_model(self) -> bool:
        return True

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        """As the protocol says. Raises `MissingExtra`, or `EncoderError` where the model cannot be had."""
        if not pairs:
            return []
        tokenizer, model = _loaded(self.model, self.revision, self.device)
        limit = min(self.max_tokens, int(getattr(tokenizer, "model_max_length", self.max_tokens)))
        entailment = _output(model.config.id2label, self.entailment_label, "entail", self.model)
        contradiction = _output(model.config.id2label, self.contradiction_label, "contra", self.model)
        pieces = [
            (row, piece, statement)
            for row, (text, statement) in enumerate(pairs)
            for piece in self._pieces(tokenizer, text, statement, limit)
        ]
        judgements = [(0.0, 0.0)] * len(pairs)
        for start in range(0, len(pieces), self.batch_size):
            batch = pieces[start : start + self.batch_size]
            shares = _probabilities(tokenizer, model, [piece[1:] for piece in batch], limit)
            for (row, _, _), share in zip(batch, shares, strict=True):
                entails, contradicts = judgements[row]
                judgements[row] = max(entails, share[entailment]), max(contradicts, share[contradiction])
        return judgements

    def _pieces(self, tokenizer: Any, text: str, statement: str, limit: int) -> list[str]:
        """The text in pieces that fit beside the statement; a sentence that does not is cut by the tokenizer."""
        text = encodable(text)
        room = limit - len(tokenizer(encodable(statement))["input_ids"]) - 2
        if room < limit // 4:
            self.report.note("statement shortened to what the entailment model reads", statement[:80])
            room = limit // 4
        if len(tokenizer(text, add_special_tokens=False)["input_ids"]) <= room:
            return [text]
        self.report.note("text judged in pieces: longer than the entailment model reads", text[:80])
        pieces: list[str] = []
        begun = last = -1
        for start, end in sentence_spans(text):
            if begun >= 0 and len(tokenizer(text[begun:end], add_special_tokens=False)["input_ids"]) > room:
                pieces.append(text[begun:last])
                begun = -1
            begun = start if begun < 0 else begun
            last = end
        return [*pieces, text[begun:last]] if begun >= 0 else [text]


@functools.cache
def _loaded(name: str, revision: str, device: str) -> tuple[Any, Any]:
    """Tokenizer and model, loaded once a process."""
    try:
        import torch  # noqa: F401
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "transformers", "hf") from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
        model = AutoModelForSequenceClassification.from_pretrained(name, revision=revision)
    except (OSError, ValueError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        raise EncoderError(f"entailment model {name!r} cannot be loaded: {reason}; name a local folder") from error
    return tokenizer, model.to(device).eval()


def _output(labels: dict[int, str], chosen: str, begins: str, name: str) -> int:
    """Which output is meant. Raises `EncoderError` where the labels do not tell."""
    found = [
        int(row)
        for row, label in labels.items()
        if (label == chosen if chosen else begins in label.lower() and not label.lower().startswith(("not", "non")))
    ]
    if len(found) != 1:
        option = "entailment_label" if begins == "entail" else "contradiction_label"
        raise EncoderError(
            f"entailment model {name!r}: which of its outputs {', '.join(map(str, labels.values()))} is meant? "
            f"set {option} to one of them"
        )
    return found[0]


def _probabilities(tokenizer: Any, model: Any, pairs: Sequence[tuple[str, str]], limit: int) -> list[list[float]]:
    import torch

    given = tokenizer(
        [text for text, _ in pairs],
        [encodable(statement) for _, statement in pairs],
        truncation="longest_first",
        max_length=limit,
        padding=True,
        return_tensors="pt",
    ).to(model.device)
    with torch.inference_mode():
        shares: list[list[float]] = model(**given).logits.float().softmax(-1).cpu().tolist()
    return shares


COMPONENT: type[Entailer] = NLI
