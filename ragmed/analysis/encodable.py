"""Text that can be written as UTF-8: tokenizers, Java and files take no other."""

from __future__ import annotations


def encodable(text: str) -> str:
    r"""The text with a question mark for every lone surrogate.

    >>> encodable("fever \ud800")
    'fever ?'
    """
    return text.encode("utf-8", "replace").decode("utf-8")
