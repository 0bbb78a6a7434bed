"""Every error ragmed raises on purpose. Each message says what, where, and what to do next.

RagmedError
├── UnknownName       no component, recipe, corpus or index of that name (lists those there are)
├── RecipeError       a TOML file that cannot be understood (names file and key)
├── MissingExtra      an optional package is not installed (names the install command)
├── QuestionError     a question that cannot be asked: empty, binary, too long
├── CorpusError       a source cannot be read
│   ├── MissingFile       not in the mirror, not downloaded
│   ├── DamagedFile       truncated, wrong checksum, a large-file pointer, wrong counts
│   └── NoCorpus          not built yet
├── EncoderError      weights missing or not the expected ones
├── IndexFault        an index cannot be used
│   ├── NoIndex           not built yet
│   ├── StaleIndex        built by another version or from other sources
│   ├── DamagedIndex      its files differ from its manifest
│   └── IndexBusy         another process is building it (or a corpus)
├── EngineError       a cluster that cannot be used: nothing answers, other versions, other code
├── StorageError      the disk is full, or a folder cannot be written
├── GeneratorError    a language model that cannot be used: no key, no model, a setting it refuses
└── AnswerError       an answer file that cannot be read or does not hold
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RagmedError(Exception):
    """Base of all deliberate errors; its text is one line for the user."""


class UnknownName(RagmedError):
    """No such name; the message lists the names there are.

    >>> print(UnknownName("retrievers", "bm52", ["bm25", "dense"]))
    no retrievers named 'bm52'; have: bm25, dense (did you mean 'bm25'?)
    >>> print(UnknownName("nodes in the graph", "HP:7", [], hint="ids look like: HP:0000001"))
    no nodes in the graph named 'HP:7'; ids look like: HP:0000001
    """

    def __init__(self, kind: str, name: str, have: Iterable[str], hint: str = "") -> None:
        names = sorted(have)
        close = difflib.get_close_matches(name, names, n=1)
        there_are = f"have: {', '.join(names) or 'none'}" if names or not hint else ""
        if close:
            there_are += f" (did you mean {close[0]!r}?)"
        super().__init__("; ".join(filter(None, (f"no {kind} named {name!r}", there_are, hint))))


class RecipeError(RagmedError):
    """A recipe, corpus or evaluation file that cannot be understood."""


class MissingExtra(RagmedError):
    """An optional package is needed.

    >>> print(MissingExtra("pyserini", "lucene"))
    'pyserini' is not installed; install it with: pip install 'ragmed[lucene]'
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package!r} is not installed; install it with: pip install 'ragmed[{extra}]'")


class QuestionError(RagmedError):
    """A question that cannot be asked."""


class CorpusError(RagmedError):
    """A source cannot be read."""


class MissingFile(CorpusError):
    """A source file is neither in the mirror nor downloaded."""


class DamagedFile(CorpusError):
    """A source file is there but is not what its corpus file promises."""


class NoCorpus(CorpusError):
    """The corpus has not been built."""


class EncoderError(RagmedError):
    """An encoder's weights are missing or are not the expected ones."""


class IndexFault(RagmedError):
    """An index cannot be used."""


class NoIndex(IndexFault):
    """The index has not been built."""


class StaleIndex(IndexFault):
    """The index was built by another version of the format, the encoder or the sources."""


class DamagedIndex(IndexFault):
    """The index's files differ from its manifest."""


class IndexBusy(IndexFault):
    """Another process is building this index."""


class EngineError(RagmedError):
    """A cluster that cannot be used: nothing answers, its versions differ, a worker has other code."""


class StorageError(RagmedError):
    """The disk is full or a folder cannot be written."""


class GeneratorError(RagmedError):
    """A language model cannot be used: its key is missing, its server refuses, its files are damaged.

    Raised for what concerns every prompt; what befalls one prompt is its `ragmed.types.Completion`'s ``error``.
    """


class AnswerError(RagmedError):
    """An answer file that cannot be read, or whose citations do not hold."""
