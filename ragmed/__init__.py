"""ragmed: medical question answering whose every sentence cites evidence you can open and check.

    import ragmed

    answer = ragmed.ask("What is arachnodactyly?")            # the default index
    index = ragmed.open_index("default")                      # keep it open for many questions
    [evidence] = index.search(["aortic root aneurysm"], k=5)

Importing ragmed loads nothing heavy; numpy and the encoder load when an index is opened and searched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragmed.errors import RagmedError
from ragmed.types import Answer, Citation, Document, Evidence, Hit, OptionEvidence, Passage, Query, Restriction

if TYPE_CHECKING:
    from ragmed.answers.json import answer_from_json, to_json
    from ragmed.api import Verification, ask, open_index, verify_answer
    from ragmed.evaluation.run import evaluate
    from ragmed.index.open import Index

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Citation",
    "Document",
    "Evidence",
    "Hit",
    "Index",
    "OptionEvidence",
    "Passage",
    "Query",
    "RagmedError",
    "Restriction",
    "Verification",
    "__version__",
    "answer_from_json",
    "ask",
    "evaluate",
    "open_index",
    "to_json",
    "verify_answer",
]

_LAZY = {
    "Index": "ragmed.index.open",
    "Verification": "ragmed.api",
    "answer_from_json": "ragmed.answers.json",
    "ask": "ragmed.api",
    "evaluate": "ragmed.evaluation.run",
    "open_index": "ragmed.api",
    "to_json": "ragmed.answers.json",
    "verify_answer": "ragmed.api",
}


def __getattr__(name: str) -> Any:
    """Load a public name at its first use (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module 'ragmed' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
