"""By rules of thumb for prose, and by a scorer where one is named.

Rules: Rae et al. 2021, "Scaling Language Models: Methods, Analysis & Insights from Training Gopher", arXiv:2112.11446,
appendix A.1.1 (Table A1 for repeated lines). Their limits are for pages of the web, and four differ here since sound
medical text lies beyond them: 50 words at least there; at least 0.8 of the words with a letter, where an abstract
may be rich in figures; at most 0.9 of the lines bullets, where risk factors and symptoms are given as lists; at most
0.3 of the lines repeated. Gopher's limits, with 5 words, refuse 347 of MedQuAD's 16,407 answers, the ones here 22. The
stop words are asked of texts of 50 words or more. Placeholder text: Raffel et al. 2020, "Exploring the Limits of
Transfer Learning with a Unified Text-to-Text Transformer" (C4), arXiv:1910.10683, section 2.2.

A scorer judges what no rule can, as the educational quality by which Biomed-Enriched keeps its paragraphs (Touchent
et al. 2025, arXiv:2506.20331). Only documents that pass the rules are scored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ragmed.protocols import Filter, Scorer
from ragmed.types import Document

_PROSE_WORDS = 50
_SYMBOL = re.compile(r"#|\.\.\.|…")
_BULLETS = ("-", "*", "•", "·", "–", "▪", "◦", "●", "‣")
_ELLIPSES = ("...", "…")


@dataclass(frozen=True)
class Quality:
    """Refuses text that is too short, too long, or does not look like prose; shares lie between 0 and 1.

    ``stop_words`` are words of which two different ones stand in any English prose; give none for other languages.
    Mean word length is in characters and means nothing for languages written without spaces.
    """

    min_words: int = 5
    max_words: int = 100_000
    min_mean_word_chars: float = 3
    max_mean_word_chars: float = 10
    max_symbol_ratio: float = 0.1
    max_bullet_share: float = 1
    max_ellipsis_share: float = 0.3
    min_alphabetic_share: float = 0.7
    max_repeated_share: float = 0.5
    stop_words: tuple[str, ...] = ("the", "be", "to", "of", "and", "that", "have", "with")
    scorer: Scorer | None = field(default=None, metadata={"family": "scorers", "default": None})
    min_score: float = 0

    def refuse(self, documents: Sequence[Document]) -> list[str]:
        reasons = [self._reason(document.text) for document in documents]
        if self.scorer is not None:
            kept = [row for row, reason in enumerate(reasons) if not reason]
            scores = self.scorer.score([documents[row] for row in kept])
            for row, score in zip(kept, scores, strict=True):
                # Written so that a score that is no number does not pass.
                if not score >= self.min_score:
                    reasons[row] = "score too low"
        return reasons

    def _reason(self, text: str) -> str:
        words = text.split(maxsplit=self.max_words + 1)
        if len(words) < max(1, self.min_words):
            return "too few words"
        if len(words) > self.max_words:
            return "too many words"
        mean = sum(map(len, words)) / len(words)
        if mean < self.min_mean_word_chars:
            return "words too short on average"
        if mean > self.max_mean_word_chars:
            return "words too long on average"
        if len(_SYMBOL.findall(text)) > self.max_symbol_ratio * len(words):
            return "too many # or ellipses"
        if sum(any(map(str.isalpha, word)) for word in words) < self.min_alphabetic_share * len(words):
            return "too few words with a letter"
        if "lorem ipsum" in text.lower():
            return "placeholder text"
        return self._reason_of_lines(text) or self._reason_of_prose(text, words)

    def _reason_of_lines(self, text: str) -> str:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if sum(line.endswith(_ELLIPSES) for line in lines) > self.max_ellipsis_share * len(lines):
            return "too many lines end in an ellipsis"
        if len(lines) - len(set(lines)) > self.max_repeated_share * len(lines):
            return "too many repeated lines"
        return ""

    def _reason_of_prose(self, text: str, words: list[str]) -> str:
        if len(words) < _PROSE_WORDS:
            return ""
        lines = [line.lstrip() for line in text.splitlines() if line.strip()]
        if sum(line.startswith(_BULLETS) for line in lines) > self.max_bullet_share * len(lines):
            return "too many lines begin with a bullet"
        if self.stop_words and len({word.lower().strip(".,;:()") for word in words} & set(self.stop_words)) < 2:
            return "too few stop words"
        return ""


COMPONENT: type[Filter] = Quality
