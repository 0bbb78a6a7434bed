"""A folder with five kinds of file becomes a corpus, is indexed and asked; the citation names file and page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from docx import Document as Word
from fpdf import FPDF

from ragmed.cli import run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the corpus and index named ward, made from a folder by the commands that a user would type."""
    home = tmp_path_factory.mktemp("own")
    folder = home / "Ward handbook"
    (folder / "night").mkdir(parents=True)
    pdf = FPDF()
    for text in (
        "Opening times. Visitors are welcome on the ward from two to eight in the afternoon.",
        "Trolley. The resuscitation trolley of the ward is checked by the charge nurse every morning at seven.",
    ):
        pdf.add_page()
        pdf.set_font("Helvetica", size=12)
        pdf.multi_cell(0, 8, text)
    pdf.add_page()
    pdf.output(str(folder / "handbook.pdf"))
    word = Word()
    word.add_heading("Blood samples", 1)
    word.add_heading("Transport", 2)
    word.add_paragraph("Blood cultures are sent to the laboratory by porter within two hours of collection.")
    word.save(str(folder / "samples.docx"))
    (folder / "bleeps.html").write_text(
        "<html><head><title>Bleeps</title></head><body><nav>Home</nav><h1>Bleeps</h1>"
        "<p>The bleep number of the anaesthetist on call is four hundred and twelve.</p></body></html>"
    )
    (folder / "night" / "rounds.md").write_text(
        "# Night rounds\n\n## Lights\n\nCorridor lights of the ward are dimmed at ten in the evening.\n"
    )
    (folder / "kitchen.txt").write_text("Thickened fluids are kept in the kitchen cupboard beside the sink.\n")
    (folder / "rota.xlsx").write_bytes(b"PK")
    for arguments in (
        ["corpus", "add", "ward", str(folder), "--licence", "in house"],
        ["corpus", "build", "ward"],
        ["index", "build", "ward"],
    ):
        ran = ragmed(home, *arguments)
        assert ran.returncode == 0, ran.stderr
    return home


def ragmed(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ragmed", *arguments],
        env={**os.environ, "RAGMED_HOME": str(home)},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("question", "quoted", "reference"),
    [
        (
            "Who checks the resuscitation trolley of the ward?",
            "checked by the charge nurse",
            "handbook.pdf — page 2 — ward:handbook.pdf:",
        ),
        (
            "How fast are blood cultures sent to the laboratory?",
            "by porter within two hours",
            "Blood samples — Transport — ward:samples.docx:",
        ),
        (
            "How often is the resuscitation trolley checked?",
            "every morning at seven",
            "handbook.pdf — page 2 — ward:handbook.pdf:",
        ),
        ("What is the bleep number of the anaesthetist?", "four hundred and twelve", "Bleeps — ward:bleeps.html:"),
        (
            "When are the corridor lights dimmed?",
            "at ten in the evening",
            "Night rounds — Lights — ward:night/rounds.md:",
        ),
        ("Where are thickened fluids kept?", "beside the sink", "kitchen.txt — ward:kitchen.txt:"),
    ],
)
def test_each_kind_of_file_is_cited_by_file_and_page_or_heading(
    home: Path, question: str, quoted: str, reference: str
) -> None:
    ran = ragmed(home, "ask", "-i", "ward", question)
    assert ran.returncode == 0, ran.stderr
    text, _, sources = ran.stdout.partition("Sources")
    assert quoted in text
    assert f"[1] {reference}" in sources


def test_what_could_not_be_read_is_told(home: Path) -> None:
    ran = ragmed(home, "corpus", "build", "ward")
    assert "read 6, kept 5, skipped 1" in ran.stdout
    assert "skipped 1: kind of file not read: .xlsx (rota.xlsx)" in ran.stdout
    assert "page without text" in ran.stdout


def test_a_file_that_changed_is_read_again_alone(home: Path) -> None:
    folder = home / "Ward handbook"
    before = {part.name for part in (home / "corpora" / "ward" / "built" / "parts").iterdir()}
    (folder / "kitchen.txt").write_text("Thickened fluids are kept in the new store room.\n")
    assert ragmed(home, "index", "build", "ward").returncode == 0
    after = {part.name for part in (home / "corpora" / "ward" / "built" / "parts").iterdir()}
    assert len(after - before) == 1
    assert "store room" in ragmed(home, "ask", "-i", "ward", "Where are thickened fluids kept?").stdout


def test_an_answer_about_a_file_verifies(home: Path, tmp_path: Path) -> None:
    ran = ragmed(home, "ask", "-i", "ward", "--json", "When are the corridor lights dimmed?")
    answer = json.loads(ran.stdout)
    assert answer["citations"][0]["section"] == "Lights"
    (tmp_path / "answer.json").write_text(ran.stdout)
    assert ragmed(home, "verify", str(tmp_path / "answer.json")).returncode == 0


def test_names_that_are_none_or_taken_and_folders_that_are_not_there(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAGMED_HOME", str(home))
    assert run(["corpus", "add", "Ward 1", str(tmp_path)]) == 1
    assert "lower-case letters" in capsys.readouterr().err
    assert run(["corpus", "add", "hpo", str(tmp_path)]) == 1
    assert "--replace" in capsys.readouterr().err
    assert run(["corpus", "add", "other", str(tmp_path / "nowhere")]) == 2
    assert run(["corpus", "add", "empty", str(tmp_path)]) == 0
    capsys.readouterr()
    assert run(["index", "build", "empty"]) == 1
    assert "holds no file" in capsys.readouterr().err
