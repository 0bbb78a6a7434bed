"""Corpora are read part by part: later parts replace and delete, nothing is read twice, nothing is lost in silence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragmed.collection import build as building
from ragmed.collection.build import build, open_corpus
from ragmed.collection.store import BuiltCorpus
from ragmed.errors import CorpusError, DamagedFile, IndexBusy, NoCorpus, StorageError, UnknownName
from ragmed.recipe import read_corpus_recipe
from ragmed.storage import locked

BUILDER = '''
"""Files of lines: "a text" gives document a, "-a" deletes it, "!" is damage, "?" is skipped, "z" waits."""

import os, time
from dataclasses import dataclass, field
from pathlib import Path

from ragmed.errors import DamagedFile
from ragmed.report import Report
from ragmed.types import Deletion, Document, Section


@dataclass(frozen=True)
class Notes:
    files: dict
    licence: str = ""
    report: Report = field(default_factory=Report, compare=False)
    suffix: str = ""

    def parts(self):
        return list(self.files)

    def documents(self):
        for part in self.parts():
            yield from self.documents_of(part)

    def documents_of(self, part):
        path = self.files[part]
        with open(os.environ["READ_LOG"], "a") as log:
            log.write(path.name + "\\n")
        for line in path.read_text().splitlines():
            if line == "!":
                raise DamagedFile(f"{path}: broken")
            if line == "z":
                time.sleep(60)
            elif line == "?":
                self.report.skip("a question mark", part)
            elif line.startswith("-"):
                yield Deletion(line[1:])
            else:
                name, _, text = line.partition(" ")
                yield Document(name, "T", text + self.suffix, "notes", "https://example.org", self.licence,
                               sections=(Section(0, "A > B", "3"),), meta={"k": "v"})

    def release(self):
        return "2026"


COMPONENT = Notes
'''

RECIPE = """
title = "Notes"
homepage = "https://example.org/"
licence = "CC0"
builder = "notes"

[[files]]
name = "f"
path = "**/*.txt"
folder = "notes"
"""

Write = Callable[..., None]


@pytest.fixture
def notes(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the corpus named notes reads, in a home of the test's own."""
    folder = home / "corpora" / "notes"
    folder.mkdir(parents=True)
    (home / "components" / "corpora").mkdir(parents=True)
    (home / "components" / "corpora" / "notes.py").write_text(BUILDER)
    (home / "corpora" / "notes.toml").write_text(RECIPE)
    monkeypatch.setenv("RAGMED_COMPONENTS", str(home / "components"))
    monkeypatch.setenv("READ_LOG", str(home / "log"))
    return folder


def write(folder: Path, **files: Iterable[str]) -> None:
    for name, lines in files.items():
        (folder / f"{name}.txt").write_text("\n".join(lines))


def read_log(folder: Path) -> list[str]:
    """The files that were read since the last call."""
    log = folder.parents[1] / "log"
    lines = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def built(**options: object) -> BuiltCorpus:
    return build(read_corpus_recipe("notes"), **options)  # type: ignore[arg-type]


def texts(corpus: BuiltCorpus) -> dict[str, str]:
    return {document.doc_id: document.text for document in corpus}


def test_documents_come_back_as_they_were_read_in_order(notes: Path) -> None:
    write(notes, a=["x one", "y two"], b=["w three"])
    corpus = built()
    assert [document.doc_id for document in corpus] == ["x", "y", "w"]
    assert corpus[-1].sections[0].title == "A > B"
    assert (corpus[0].meta, corpus[0].licence, corpus[0].sections[0].page) == ({"k": "v"}, "CC0", "3")
    assert corpus.find("y") == corpus[1]
    assert corpus.find("v") is None
    assert [document.text for document in corpus[1:]] == ["two", "three"]


def test_later_parts_replace_and_delete_and_the_report_says_so(notes: Path) -> None:
    write(notes, a=["x one", "y two", "w old", "?"], b=["x new", "-y", "-never"], c=["w back", "-w", "w again"])
    corpus = built()
    assert texts(corpus) == {"x": "new", "w": "again"}
    report = corpus.report
    assert (report.n_read, report.n_kept, report.n_skipped) == (7, 2, 5)
    assert {reason: (tally.n, tally.examples) for reason, tally in report.skipped.items()} == {
        "a question mark": (1, ["f/a.txt"]),
        "replaced by a later version": (2, ["x", "w"]),
        "withdrawn by the source": (2, ["y", "w"]),
    }
    assert report.notes["deletion of an unknown document"].examples == ["never"]


def test_nothing_is_read_twice(notes: Path) -> None:
    write(notes, a=["x one"], b=["y two"])
    seal = built().manifest["seal"]
    assert read_log(notes) == ["a.txt", "b.txt"]
    assert built().manifest["seal"] == seal
    assert read_log(notes) == []
    write(notes, c=["x three"])
    assert texts(built()) == {"y": "two", "x": "three"}
    assert read_log(notes) == ["c.txt"]


def test_a_file_that_changed_is_read_again_and_so_is_all_when_the_builder_changed(notes: Path) -> None:
    write(notes, a=["x one"], b=["y two"])
    built()
    read_log(notes)
    write(notes, b=["y else"])
    assert texts(built()) == {"x": "one", "y": "else"}
    assert read_log(notes) == ["b.txt"]
    component = notes.parents[1] / "components" / "corpora" / "notes.py"
    component.write_text(BUILDER + "# a comment changes nothing\n")
    built()
    assert read_log(notes) == []
    component.write_text(BUILDER.replace('"2026"', '"2027"'))
    built()
    assert read_log(notes) == ["a.txt", "b.txt"]


def test_other_options_of_the_builder_are_other_documents(notes: Path) -> None:
    write(notes, a=["x one"])
    built()
    recipe = notes.parent / "notes.toml"
    recipe.write_text(RECIPE.replace('"notes"\n\n', '{ name = "notes", suffix = "!" }\n\n'))
    assert texts(built()) == {"x": "one!"}


def test_a_removed_file_takes_its_documents_with_it_and_old_parts_are_forgotten(notes: Path) -> None:
    write(notes, a=["x one"], b=["y two"], c=["z1 three"])
    built()
    for name in "bc":
        (notes / f"{name}.txt").unlink()
        corpus = built()
    assert texts(corpus) == {"x": "one"}
    # The state before is kept, for `ragmed corpus diff`.
    assert len(list((corpus.folder / "parts").iterdir())) == 2
    assert set(texts(open_corpus("notes", previous=True))) == {"x", "z1"}


LINE = st.one_of(
    st.builds("{} {}".format, st.sampled_from("abcd"), st.integers(0, 9)),
    st.builds("-{}".format, st.sampled_from("abcd")),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(LINE, max_size=5), min_size=1, max_size=5), st.integers(0, 5))
def test_updates_in_order_equal_building_from_scratch_and_twice_changes_nothing(
    notes: Path, files: list[list[str]], n_first: int
) -> None:
    for path in notes.glob("*.txt"):
        path.unlink()
    subprocess.run(["rm", "-rf", str(notes / "built")], check=True)
    truth: dict[str, str] = {}
    for line in (line for file in files for line in file):
        if line.startswith("-"):
            truth.pop(line[1:], None)
        else:
            name, _, text = line.partition(" ")
            truth.pop(name, None)
            truth[name] = text
    for step in (max(1, n_first), len(files)):
        write(notes, **{f"f{i}": lines for i, lines in enumerate(files[:step])})
        updated = built()
    assert texts(updated) == truth
    assert list(texts(updated)) == list(truth)
    assert updated.report.n_read == sum(not line.startswith("-") for file in files for line in file)
    again = built()
    assert (again.manifest["seal"], list(again)) == (updated.manifest["seal"], list(updated))
    subprocess.run(["rm", "-rf", str(notes / "built")], check=True)
    scratch = built()
    assert (scratch.manifest["seal"], list(scratch)) == (updated.manifest["seal"], list(updated))


# Damage


def test_a_damaged_part_stops_the_build_after_the_others_were_read(notes: Path) -> None:
    write(notes, a=["x one", "!"], b=["y two"])
    with pytest.raises(DamagedFile, match=r"a.txt: broken; .*--allow-damaged notes"):
        built()
    assert read_log(notes) == ["a.txt", "b.txt"]
    with pytest.raises(NoCorpus, match="ragmed corpus build notes"):
        open_corpus("notes")
    corpus = built(allow_damaged=True)
    assert texts(corpus) == {"x": "one", "y": "two"}
    assert list(corpus.damaged) == ["f/a.txt"]
    read_log(notes)
    write(notes, a=["x one", "x1 more"])
    assert built().damaged == {}
    assert read_log(notes) == ["a.txt"]


def test_another_number_of_documents_than_declared_is_damage(notes: Path) -> None:
    write(notes, a=["x one"])
    (notes.parent / "notes.toml").write_text(RECIPE + "[counts]\ndocuments = 2\n")
    with pytest.raises(DamagedFile, match="expected 2 documents, found 1") as error:
        built()
    assert "notes.toml" in str(error.value)


@pytest.mark.parametrize("name", ["manifest.json", "text.bin", "row.npy"])
def test_a_built_corpus_that_was_altered_says_so(notes: Path, name: str) -> None:
    write(notes, a=["x one", "y two"])
    corpus = built()
    (path,) = corpus.folder.rglob(name)
    data = bytearray(path.read_bytes())
    data[len(data) // 3 if name == "manifest.json" else 1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedFile, match="ragmed corpus build notes"):
        list(open_corpus("notes"))


def test_a_built_corpus_that_was_altered_is_replaced_by_the_next_build(notes: Path) -> None:
    write(notes, a=["x one"])
    (built().folder / "manifest.json").write_text("{}")
    assert texts(built()) == {"x": "one"}


def test_names_and_folders_that_are_not_there(notes: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no corpora named 'nites'"):
        open_corpus("nites")
    with pytest.raises(NoCorpus):
        open_corpus(f"{tmp_path}/nowhere")
    write(notes, a=["x one"])
    built()
    with pytest.raises(NoCorpus, match="no earlier state"):
        open_corpus("notes", previous=True)


def test_two_builds_at_once(notes: Path) -> None:
    write(notes, a=["x one"])
    with locked(building.built_path("notes"), "busy"), pytest.raises(IndexBusy, match="another process"):
        built()


def test_a_folder_that_cannot_be_written(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(notes, a=["x one"])
    (notes / "built").write_text("")
    with pytest.raises((StorageError, OSError)):
        built()


# Processes


def test_several_processes_read_the_same(notes: Path) -> None:
    write(notes, **{f"f{i}": [f"d{i} text", "same " + str(i)] for i in range(7)})
    alone = built(workers=1)
    documents, seal = list(alone), alone.manifest["seal"]
    subprocess.run(["rm", "-rf", str(notes / "built")], check=True)
    read_log(notes)
    together = built(workers=3)
    assert (list(together), together.manifest["seal"]) == (documents, seal)
    assert sorted(read_log(notes)) == [f"f{i}.txt" for i in range(7)]


def test_an_error_in_a_process_is_one_line(notes: Path) -> None:
    write(notes, **{f"f{i}": [f"d{i} text"] for i in range(3)})
    component = notes.parents[1] / "components" / "corpora" / "notes.py"
    component.write_text(BUILDER.replace("path = self.files[part]", "path = self.files[part]; 1 / 0"))
    with pytest.raises(CorpusError, match=r"notes: ZeroDivisionError: division by zero"):
        built(workers=2)


def test_damage_in_a_process_is_damage(notes: Path) -> None:
    write(notes, **{f"f{i}": [f"d{i} text", "!"] for i in range(3)})
    with pytest.raises(DamagedFile, match=r"f0\.txt: broken \(and 2 more parts"):
        built(workers=2)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_build_that_was_killed_goes_on_where_it_was(notes: Path, how: signal.Signals) -> None:
    write(notes, a=["x one"], b=["y two"], c=["z"])
    started = subprocess.Popen(
        [sys.executable, "-m", "ragmed", "corpus", "build", "notes", "--workers", "2"],
        env=dict(os.environ),
        stderr=subprocess.PIPE,
    )
    parts = notes / "built" / "parts"
    for _ in range(600):
        if len(list(parts.glob("[!.]*/part.json"))) == 2:
            break
        time.sleep(0.1)
    started.send_signal(how)
    started.communicate()
    assert started.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    read_log(notes)
    write(notes, c=["v three"])
    assert texts(built()) == {"x": "one", "y": "two", "v": "three"}
    assert read_log(notes) == ["c.txt"]
    assert not list(parts.glob(".*"))


def test_the_command_reports_what_was_left_out(notes: Path) -> None:
    write(notes, a=["x one", "?", "x two"], b=["y", "!"])
    command = [sys.executable, "-m", "ragmed", "corpus", "build", "notes", "--allow-damaged"]
    text = subprocess.run(command, capture_output=True, text=True)
    assert text.returncode == 1
    assert "read 4, kept 2, skipped 2" in text.stdout
    assert "skipped 1: a question mark (f/a.txt)" in text.stdout
    assert "damaged: " in text.stdout
    table = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True).stdout)
    assert (table["n_documents"], table["report"]["n_read"], list(table["damaged"])) == (2, 4, ["f/b.txt"])
