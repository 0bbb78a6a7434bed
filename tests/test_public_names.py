"""The public interface is what __all__ says, and importing it is cheap."""

from __future__ import annotations

import subprocess
import sys

import ragmed


def test_exported_names() -> None:
    assert sorted(ragmed.__all__) == [
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


def test_every_exported_name_exists_and_is_documented() -> None:
    for name in ragmed.__all__:
        assert name == "__version__" or getattr(ragmed, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(ragmed, "no_such_name")


def test_import_loads_nothing_heavy() -> None:
    code = (
        "import sys, ragmed; print([m for m in ('numpy', 'onnxruntime', 'torch', 'rich', 'click') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
