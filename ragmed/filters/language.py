"""By language: as the source states it (``meta["language"]``), else as `ragmed.analysis.languages` tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragmed.analysis.languages import language_of
from ragmed.protocols import Filter
from ragmed.types import Document


@dataclass(frozen=True)
class Language:
    """Keeps documents in one of the languages ``keep`` (ISO 639-1).

    Where the language cannot be told (a list of names, one line) a document is kept unless ``strict``. Of a document
    in several languages one must be kept.
    """

    keep: tuple[str, ...] = ("en",)
    strict: bool = False

    def refuse(self, documents: Sequence[Document]) -> list[str]:
        return [self._reason(document) for document in documents]

    def _reason(self, document: Document) -> str:
        stated = [code.strip().lower() for code in document.meta.get("language", "").split(";") if code.strip()]
        languages = {_two_letters(code) for code in stated} or {language_of(f"{document.question}\n{document.text}")}
        if languages & set(self.keep):
            return ""
        if languages == {""}:
            return "language not known" if self.strict else ""
        return "in another language"


def _two_letters(code: str) -> str:
    """ISO 639-1 of "en-GB" or, for the commonest, of ISO 639-2's "eng"; other codes as they are."""
    code = code.replace("_", "-").split("-")[0]
    return _OF_THREE.get(code, "" if code in {"und", "mul", "zxx"} else code)


_OF_THREE = {
    "eng": "en", "ger": "de", "deu": "de", "fre": "fr", "fra": "fr", "spa": "es", "ita": "it", "por": "pt",
    "dut": "nl", "nld": "nl", "swe": "sv", "dan": "da", "pol": "pl", "cze": "cs", "ces": "cs", "tur": "tr",
    "rus": "ru", "ukr": "uk", "chi": "zh", "zho": "zh", "jpn": "ja", "kor": "ko", "gre": "el", "ell": "el",
    "heb": "he", "ara": "ar", "tha": "th", "hin": "hi",
}  # fmt: skip
"""ISO 639-2, both of its forms, to ISO 639-1, for the languages that `ragmed.analysis.languages` knows."""


COMPONENT: type[Filter] = Language
