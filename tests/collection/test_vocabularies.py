"""The compiled vocabulary: from which sources, once, and anew where they change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ragmed.collection import vocabularies
from ragmed.collection.vocabularies import VocabularySource, open_vocabulary, vocabulary_sources
from ragmed.errors import DamagedFile

DRUGS = "drugbank_id\tdrug\nDB1\tAbacavir\n"


@pytest.fixture
def mirror_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with one small list of drugs, which is all that is compiled."""
    folder = tmp_path / "mirror"
    (folder / "pharmacotherapydb").mkdir(parents=True)
    (folder / "pharmacotherapydb" / "drugs.tsv").write_text(DRUGS, encoding="utf-8")
    monkeypatch.setenv("RAGMED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAGMED_MIRROR", str(folder))
    monkeypatch.setattr(vocabularies, "_OF_CORPORA", ())
    return folder


def test_the_sources_of_installed_packages_are_always_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGMED_HOME", str(tmp_path))
    monkeypatch.delenv("RAGMED_MIRROR", raising=False)
    sources = vocabulary_sources()
    assert [source.name for source in sources] == ["hpo/hp.obo", "hpo/phenotype.hpoa", "icd10cm/tabular"]
    assert all(len(source.identity) == 64 for source in sources)


def test_files_of_the_mirror_are_found_and_of_several_years_the_last_is_taken(mirror_folder: Path) -> None:
    (mirror_folder / "mesh").mkdir()
    for name in ("desc2024.xml", "desc2025.xml", "d2025.bin"):
        (mirror_folder / "mesh" / name).write_text("x", encoding="utf-8")
    assert [source.name for source in vocabulary_sources()] == ["mesh/desc2025.xml", "pharmacotherapydb/drugs.tsv"]


def test_it_is_compiled_once(mirror_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_vocabulary()
    assert first.concept(0).identifier == "DrugBank:DB1"
    monkeypatch.setattr(VocabularySource, "concepts", lambda self: pytest.fail("compiled again"))
    assert open_vocabulary().folder == first.folder


def test_it_is_compiled_anew_where_a_source_changes(mirror_folder: Path) -> None:
    before = open_vocabulary()
    path = mirror_folder / "pharmacotherapydb" / "drugs.tsv"
    path.write_text(DRUGS + "DB2\tZidovudine\n", encoding="utf-8")
    os.utime(path, ns=(1, 1))
    after = open_vocabulary()
    assert (len(before), len(after)) == (1, 2)
    assert after.folder != before.folder


def test_a_source_that_cannot_be_read_leaves_nothing_behind(mirror_folder: Path, tmp_path: Path) -> None:
    (mirror_folder / "pharmacotherapydb" / "drugs.tsv").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(DamagedFile, match="neither"):
        open_vocabulary()
    left = [path for path in (tmp_path / "home" / "corpora" / ".vocabulary").iterdir() if path.is_dir()]
    assert left == []


def test_a_compiled_vocabulary_that_is_cut_says_what_to_do(mirror_folder: Path) -> None:
    (open_vocabulary().folder / "key_crc.npy").unlink()
    with pytest.raises(DamagedFile, match="remove it"):
        open_vocabulary()
