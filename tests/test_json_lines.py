"""JSON lines, as they come."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ragmed import json_lines
from ragmed.errors import DamagedFile
from ragmed.json_lines import objects, readable_objects, text_of
from ragmed.report import Report


def written(folder: Path, content: bytes) -> Path:
    path = folder / "queries.jsonl"
    path.write_bytes(content)
    return path


def test_a_byte_order_mark_blank_lines_and_windows_ends_are_read_over(tmp_path: Path) -> None:
    path = written(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \n{"a": 2}')
    assert list(objects(path)) == [("queries.jsonl, line 1", {"a": 1}), ("queries.jsonl, line 4", {"a": 2})]


def test_gzip_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    assert [row for _, row in objects(written(tmp_path, gzip.compress(b'{"a": 1}\n')))] == [{"a": 1}]


@pytest.mark.parametrize(
    ("line", "reason"),
    [(b"{", "not JSON"), (b"[1]", "not a JSON object"), (b"\xff\xfe{}", "not JSON"), (b"[" * 100_000, "not JSON")],
)
def test_a_bad_line_is_named_with_its_file(tmp_path: Path, line: bytes, reason: str) -> None:
    path = written(tmp_path, b'{"a": 1}\n' + line + b'\n{"a": 3}\n')
    with pytest.raises(DamagedFile, match=rf"queries\.jsonl, line 2: {reason}"):
        list(objects(path))
    report = Report()
    assert [row for _, row in readable_objects(path, report)] == [{"a": 1}, {"a": 3}]
    assert report.skipped[reason].examples == ["queries.jsonl, line 2"]


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "MAX_LINE_BYTES", 20)
    path = written(tmp_path, b'{"a": "' + b"x" * 100 + b'"}\n{"a": 2}\n')
    report = Report()
    assert [row for _, row in readable_objects(path, report)] == [{"a": 2}]
    assert report.skipped["line too long"].n == 1


@pytest.mark.parametrize("cut", [5, 20])
def test_a_cut_gzip_file_is_damage(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress(b"".join(b'{"a": %d}\n' % i for i in range(100)))
    with pytest.raises(DamagedFile, match="not a whole gzip file"):
        list(objects(written(tmp_path, packed[:-cut])))


def test_a_pointer_is_not_the_data(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="git lfs pull"):
        list(objects(written(tmp_path, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")))


def test_ids_are_text() -> None:
    assert [text_of(value) for value in ("a", 7, True, 1.5, None, [])] == ["a", "7", "", "", "", ""]
    assert text_of("a\ud83d\ude00\ud800\0") == "a\U0001f600\ufffd\ufffd"
