"""Three tiny passages that tests read at a glance, and an index recipe that needs no download."""

from __future__ import annotations

from ragmed.types import Passage


def passage(passage_id: str, text: str, title: str = "", question: str = "", **fields: object) -> Passage:
    """A passage that is the whole of its document."""
    return Passage(
        passage_id=passage_id,
        doc_id=passage_id,
        start=0,
        end=len(text),
        text=text,
        title=title,
        source="test",
        url=f"https://example.org/{passage_id}",
        licence="CC0",
        question=question,
        **fields,  # type: ignore[arg-type]
    )


THREE = (
    passage("a", "Beta blockers lower the heart rate.", title="Beta blockers"),
    passage("b", "Insulin lowers blood glucose in diabetes mellitus.", title="Insulin"),
    passage("c", "Fever is a raised body temperature.", title="Fever"),
)
