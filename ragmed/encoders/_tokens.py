"""What a tokenizer is given, and how a text ends: shared by encoders of any runtime."""

from __future__ import annotations

from typing import Any


def segments(text: str) -> str | tuple[str, str]:
    """The first line and the rest as two segments; a text of one line as it is.

    >>> segments("Fever\\nA raised body temperature.")
    ('Fever', 'A raised body temperature.')
    >>> segments("A raised body temperature.")
    'A raised body temperature.'
    """
    first, _, rest = text.partition("\n")
    return (first, rest) if first.strip() and rest.strip() else text


def append_eos(tokenizer: Any, eos: str) -> None:
    """Let every text end in the token ``eos``, whether it is cut or not. ``tokenizer`` is one of `tokenizers`."""
    from tokenizers import processors

    alone, framed = tokenizer.encode("a", add_special_tokens=False), tokenizer.encode("a")
    if framed.tokens[-1] == eos:
        return
    at = next(i for i in range(len(framed)) if framed.ids[i : i + len(alone)] == alone.ids)
    before, after = framed.tokens[:at], [*framed.tokens[at + len(alone) :], eos]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=[*before, "$A", *after],
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in sorted({*before, *after})],
    )
