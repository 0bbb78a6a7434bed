"""A tiny index named ``guide``: eight question-answer pairs, two of the same question, and a page with headings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ragmed.api import open_index
from ragmed.index.build import build
from ragmed.index.open import Index
from ragmed.recipe import read_index_recipe

CORPUS_TOML = """
title = "A guide"
homepage = "https://example.org/"
licence = "CC0"
builder = "lines"

[[files]]
name = "lines"
path = "guide/lines.tsv"
url = "https://example.org/lines.tsv"
"""

INDEX_TOML = """
[[corpora]]
name = "guide"
splitter = "whole"

[[retrievers]]
name = "bm25"
"""

LINES = """\
fever\tFever\tWhat is fever?\tA raised body temperature. It is a sign of infection in most people. Rest and drink.
pyrexia\tPyrexia\tWhat is fever ?\tPyrexia is the medical word for a body that is hotter than it should be.
gout\tGout\tWhat causes gout?\tUrate crystals in the joints. Uric acid comes from purines in the food. Drink water.
insulin\tInsulin\tWhat does insulin do?\tIt lowers glucose. The pancreas makes it in islets of cells. A hormone.
insulin2\tInsulin\tHow is insulin given?\tBy a needle or a pump under the skin, most often of the belly.
asthma\tAsthma\tWhat is asthma?\tNarrow airways. Wheezing and breathlessness come in attacks at night. Inhalers help.
scurvy\tScurvy\tWhat causes scurvy?\tA lack of vitamin C in the food. Gums bleed and old wounds open again. Eat fruit.
rickets\tRickets\tWhat causes rickets?\tA lack of vitamin D. The bones of children bend under their weight. Sun helps.
beriberi\tBeriberi\tWhat causes beriberi?\tA lack of thiamine. Polished rice has little of the vitamin. Legs swell.
page\tHand washing\t\tWash hands with soap before every meal and after every visit to the ward.
"""

BUILDER = '''
"""One document per line: id, title, question and text, separated by tabs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ragmed.protocols import Corpus
from ragmed.types import Document


@dataclass(frozen=True)
class Lines:
    files: Mapping[str, Path]

    def documents(self) -> Iterator[Document]:
        for line in self.files["lines"].read_text(encoding="utf-8").splitlines():
            doc_id, title, question, text = line.split("\\t")
            yield Document(doc_id, title, text, "guide", f"https://example.org/{doc_id}", "CC0", question=question)

    def release(self) -> str:
        return "2026"


COMPONENT: type[Corpus] = Lines
'''


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """The open index; for as long as it is, ``open_index("guide")`` opens it too."""
    folder = tmp_path_factory.mktemp("guide")
    files = {
        "corpora/guide.toml": CORPUS_TOML,
        "indexes/guide.toml": INDEX_TOML,
        "guide/lines.tsv": LINES,
        "components/corpora/lines.py": BUILDER,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAGMED_HOME", str(folder))
        patch.setenv("RAGMED_COMPONENTS", str(folder / "components"))
        build(read_index_recipe("guide"), Path(folder / "indexes" / "guide"), mirror=folder, fetch=False)
        yield open_index("guide")
