"""ragmed: medical question answering whose every sentence cites evidence you can open and check.

    import ragmed

    answer = ragmed.ask("What is arachnodactyly?")            # the default index
    index = ragmed.open_index("default")                      # keep it open for many questions
    [evidence] = index.search(["aortic root aneurysm"], k=5)
    answers = ragmed.ask_many(questions, index=index, method="medrag", generator={"name": "openai_chat", …})

Importing ragmed loads nothing heavy; numpy and the encoder load when an index is opened and searched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragmed.errors import RagmedError
from ragmed.types import (
    Answer,
    AnswerSentence,
    Citation,
    Document,
    Evidence,
    Hit,
    Message,
    Notice,
    OptionEvidence,
    Passage,
    Query,
    Restriction,
    Usage,
)

if TYPE_CHECKING:
    from ragmed.answers.json import answer_from_json, to_json
    from ragmed.api import Verification, ask, ask_many, open_index, verify_answer
    from ragmed.checking import Check, check_text
    from ragmed.diagnosing import Diagnosis, diagnose
    from ragmed.evaluation.run import evaluate
    from ragmed.index.open import Index
    from ragmed.notes import read_notes

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "AnswerSentence",
    "Check",
    "Citation",
    "Diagnosis",
    "Document",
    "Evidence",
    "Hit",
    "Index",
    "Message",
    "Notice",
    "OptionEvidence",
    "Passage",
    "Query",
    "RagmedError",
    "Restriction",
    "Usage",
    "Verification",
    "__version__",
    "answer_from_json",
    "ask",
    "ask_many",
    "check_text",
    "diagnose",
    "evaluate",
    "open_index",
    "read_notes",
    "to_json",
    "verify_answer",
]

_LAZY = {
    "Check": "ragmed.checking",
    "Diagnosis": "ragmed.diagnosing",
    "Index": "ragmed.index.open",
    "Verification": "ragmed.api",
    "answer_from_json": "ragmed.answers.json",
    "ask": "ragmed.api",
    "ask_many": "ragmed.api",
    "check_text": "ragmed.checking",
    "diagnose": "ragmed.diagnosing",
    "evaluate": "ragmed.evaluation.run",
    "open_index": "ragmed.api",
    "read_notes": "ragmed.notes",
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
