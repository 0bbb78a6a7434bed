"""The reply a generator gives, as JSON, and how it is read.

    {"statements": [{"text": "…", "quote": "…", "source": 1, "option": "A"}],
     "choice": "A", "options": {"A": 0.7, "B": 0.3}, "confidence": 0.8, "abstain": null}

``source`` counts the prompt's evidence from 1; ``quote`` must stand in that passage word for word; where
``text`` is left out the quote itself is the statement; ``option`` is the choice it speaks for, if any.
``abstain`` gives the reason when there is no
answer. Only ``statements`` or ``abstain`` is needed. What cannot be read is *unparsed*, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a reply and the quotation it leans on. ``start`` places the quote in the passage
    where the generator knows it (the quote may occur twice); -1 otherwise."""

    text: str
    quote: str
    source: int
    option: str = ""
    start: int = -1


@dataclass(frozen=True, slots=True)
class Reply:
    """A parsed reply. ``options`` maps a choice to its share of the evidence."""

    statements: tuple[Statement, ...]
    choice: str | None = None
    options: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 0.0
    abstain: str | None = None


def write_reply(reply: Reply) -> str:
    """A reply as the JSON that `parse_reply` reads."""
    statements = [
        {"text": s.text, "quote": s.quote, "source": s.source, "option": s.option, "start": s.start}
        for s in reply.statements
    ]
    return json.dumps(
        {
            "statements": statements,
            "choice": reply.choice,
            "options": dict(reply.options),
            "confidence": reply.confidence,
            "abstain": reply.abstain,
        },
        ensure_ascii=False,
    )


def parse_reply(text: str) -> Reply | None:
    """The reply in ``text``, or None where it is not one.

    >>> parse_reply('{"statements": [], "abstain": "no source tells"}').abstain
    'no source tells'
    >>> parse_reply("The answer is B.") is None
    True
    """
    try:
        table = json.loads(text)
        if not isinstance(table, dict) or not ("statements" in table or table.get("abstain")):
            return None
        statements = tuple(_statement(item) for item in table.get("statements") or ())
        choice, abstain = table.get("choice"), table.get("abstain")
        return Reply(
            statements=statements,
            choice=None if choice is None else str(choice),
            options={str(key): float(value) for key, value in (table.get("options") or {}).items()},
            confidence=min(1.0, max(0.0, float(table.get("confidence") or 0.0))),
            abstain=str(abstain) if abstain else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _statement(item: Mapping[str, object]) -> Statement:
    quote = str(item["quote"])
    return Statement(
        text=str(item.get("text") or quote),
        quote=quote,
        source=int(str(item["source"])),
        option=str(item.get("option") or ""),
        start=int(str(item.get("start", -1))),
    )
