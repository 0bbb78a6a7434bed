"""The vocabulary that queries are rewritten with: compiled once from the sources at hand, opened in milliseconds.

Always in it: terms and diseases of the Human Phenotype Ontology and entries of ICD-10-CM, which installed packages
carry. Where such a file lies in the mirror (``RAGMED_MIRROR``) or below ``vocabularies/`` of the home folder, also:

- ``mesh/desc<year>.xml`` or ``mesh/d<year>.bin``: MeSH, free to use, also of NLM's older years
  (https://www.nlm.nih.gov/databases/download/terms_and_conditions_mesh.html);
- ``drugbank/*.csv``: the DrugBank Vocabulary, CC0;
- ``pharmacotherapydb/drugs.tsv``: PharmacotherapyDB's drugs, CC0.

corpora/.vocabulary/<key>/   files of `ragmed.analysis.vocabulary`, ``sources.json``; <key> is a hash of the sources
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ragmed.analysis.vocabulary import Concept, Vocabulary, write_vocabulary
from ragmed.analysis.vocabulary_drugs import drugs
from ragmed.analysis.vocabulary_hpo import hpo_diseases, hpo_terms
from ragmed.analysis.vocabulary_icd10cm import icd10cm_entries
from ragmed.analysis.vocabulary_mesh import mesh_descriptors
from ragmed.errors import DamagedFile
from ragmed.home import corpus_path, home, mirror
from ragmed.recipe import read_corpus_recipe
from ragmed.sources import locate
from ragmed.storage import locked, storage_errors

FORMAT = 1
"""Raised whenever what is compiled changes; vocabularies of another format are compiled anew."""

_OF_CORPORA: tuple[tuple[str, str, Callable[[Path], Iterator[Concept]]], ...] = (
    ("hpo", "hp.obo", hpo_terms),
    ("hpo", "phenotype.hpoa", hpo_diseases),
    ("icd10cm", "tabular", icd10cm_entries),
)
"""Corpus, name of its file, reader."""
_OPTIONAL: tuple[tuple[str, Callable[[Path], Iterator[Concept]]], ...] = (
    ("mesh/desc*.xml", mesh_descriptors),
    ("mesh/d2*.bin", mesh_descriptors),
    ("drugbank/*.csv", drugs),
    ("pharmacotherapydb/drugs.tsv", drugs),
)
"""Pattern below the mirror or the home folder's ``vocabularies/``, reader."""


@dataclass(frozen=True, slots=True)
class VocabularySource:
    """One file: ``identity`` is its sha256 where a corpus pins it, else its size and time of change."""

    name: str
    identity: str
    read: Callable[[Path], Iterator[Concept]]
    path: Path | None = None

    def concepts(self) -> Iterator[Concept]:
        """Its concepts. Raises `CorpusError`."""
        path = self.path
        if path is None:
            corpus, _, file_name = self.name.partition("/")
            path = locate(read_corpus_recipe(corpus), mirror())[file_name]
        return self.read(path)


def vocabulary_sources() -> tuple[VocabularySource, ...]:
    """The sources at hand, in the order in which they are compiled; nothing of them is read."""
    found = []
    for corpus, file_name, read in _OF_CORPORA:
        pinned = {file.name: file.sha256 for file in read_corpus_recipe(corpus).files}
        found.append(VocabularySource(f"{corpus}/{file_name}", pinned.get(file_name, ""), read))
    places = [place for place in (mirror(), home() / "vocabularies") if place is not None]
    for pattern, reader in _OPTIONAL:
        paths = next((some for place in places if (some := sorted(place.glob(pattern)))), [])
        if paths:  # of several years, the last
            facts = paths[-1].stat()
            identity = f"{facts.st_size} bytes of {facts.st_mtime_ns}"
            found.append(VocabularySource(f"{paths[-1].parent.name}/{paths[-1].name}", identity, reader, paths[-1]))
    kept = [s for s in found if not (s.name.endswith(".bin") and any(o.name.startswith("mesh/desc") for o in found))]
    return tuple(kept)


def open_vocabulary() -> Vocabulary:
    """The vocabulary of the sources at hand; compiled first where that has not been done, in some seconds.

    Raises:
        CorpusError: a source cannot be read. StorageError: it cannot be written.
        IndexBusy: another process is compiling it.
    """
    sources = vocabulary_sources()
    folder = corpus_path(".vocabulary") / _key(sources)
    if not (folder / "sources.json").is_file():
        _compile(sources, folder)
    try:
        return Vocabulary(folder)
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{folder}: cannot be opened ({error}); remove it, and it is compiled again") from error


def _compile(sources: tuple[VocabularySource, ...], folder: Path) -> None:
    with storage_errors(folder), locked(folder.parent / "compiled", f"{folder.parent}: is being compiled"):
        if (folder / "sources.json").is_file():
            return
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as temporary:
            made = Path(temporary) / "made"
            made.mkdir()
            n_concepts = write_vocabulary(made, chain.from_iterable(source.concepts() for source in sources))
            facts = {
                "format": FORMAT,
                "n_concepts": n_concepts,
                "sources": {source.name: source.identity for source in sources},
            }
            (made / "sources.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)


def _key(sources: tuple[VocabularySource, ...]) -> str:
    described = json.dumps([FORMAT, [(source.name, source.identity) for source in sources]])
    return hashlib.sha256(described.encode()).hexdigest()[:16]
