"""What rerankers that ask a language model share: the passage in the prompt, the reply without its thoughts."""

from __future__ import annotations

import re

from ragmed.errors import RecipeError
from ragmed.protocols import Generator
from ragmed.rerankers._order import whole_text
from ragmed.types import Passage

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)


def check_generator(generator: Generator | None, name: str) -> None:
    """Raises `RecipeError` where a reranker that needs a language model has none."""
    if generator is None:
        raise RecipeError(
            f"{name}: needs a language model; name one beside it in the recipe, as in "
            'generator = { name = "replay", path = "replies.jsonl" }'
        )


def shown(passage: Passage, max_words: int) -> str:
    """The passage on one line, at most ``max_words`` words of it; "…" stands for what is left out."""
    words = whole_text(passage).split()
    return " ".join(words[:max_words]) + (" …" if len(words) > max_words else "")


def conclusion(reply: str) -> str:
    """A reply without what a reasoning model thought aloud before it.

    >>> conclusion("<think>Passage 2 names the dose.</think> [2] > [1]")
    '[2] > [1]'
    """
    return _THOUGHTS.sub("", reply).strip()
