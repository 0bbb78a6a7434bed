"""A folder of one's own documents: PDF, Word (DOCX), HTML, Markdown and plain text.

Each kind has its reader beside this file, with its format's specification: `_file_pdf`, `_file_docx`, `_file_html`,
`_file_markdown`, `_file_text`. What a citation needs to be looked up is kept: the file's place in the folder, the page
as its reader counts, the headings.

The files are not trusted: sizes are limited, archives are never unpacked to disk, no entity is resolved and nothing is
loaded from the network. A file that cannot be read is reported and left out; it never stops the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from ragmed.corpora import _file_docx, _file_html, _file_markdown, _file_pdf, _file_text
from ragmed.corpora._file import Contents, Unreadable
from ragmed.protocols import Corpus
from ragmed.report import Report
from ragmed.types import Document, Section

MAX_FILE_BYTES = 500_000_000

READERS: Mapping[str, Callable[[bytes, str, Report], Contents]] = {
    ".pdf": _file_pdf.read,
    ".docx": _file_docx.read,
    ".html": _file_html.read,
    ".htm": _file_html.read,
    ".xhtml": _file_html.read,
    ".md": _file_markdown.read,
    ".markdown": _file_markdown.read,
    ".txt": _file_text.read,
}


@dataclass(frozen=True)
class Files:
    """One document per file, in the order of their paths.

    ``files`` has ``folder/<path>`` for each file of the folder. A document is known by that path, as a part of
    ``base_url`` and of its id ``file:<path>`` (``<source>:<path>`` where a source is named); the files of an entry
    that is not called ``folder`` keep its name before their path, so that two folders of one corpus cannot clash.

    Args:
        base_url: what stands before a file's path in its address, as ``https://intranet.example/guidelines/``; where
            empty, the address is the path itself.
        source: the documents' source.
        max_file_bytes: larger files are skipped.
    """

    files: Mapping[str, Path]
    licence: str = ""
    base_url: str = ""
    source: str = "files"
    max_file_bytes: int = MAX_FILE_BYTES
    report: Report = field(default_factory=Report, compare=False, repr=False)

    def documents(self) -> Iterator[Document]:
        return chain.from_iterable(map(self.documents_of, self.parts()))

    def parts(self) -> Sequence[str]:
        return sorted(self.files)

    def documents_of(self, part: str) -> Iterator[Document]:
        name = _printable(part.removeprefix("folder/"))
        try:
            contents = self._read(part, self.files[part], name)
        except Unreadable as error:
            self.report.skip(error.reason, f"{name} ({error.detail})" if error.detail else name)
            return
        title = contents.title or PurePosixPath(name).name
        meta = {"file": name, "language": contents.language}
        yield Document(
            doc_id=f"{'file' if self.source == 'files' else self.source}:{name}",
            title=title,
            text=contents.text,
            source=self.source,
            url=self.base_url + quote(name) if self.base_url else name,
            licence=self.licence,
            published=contents.published,
            kind="file",
            sections=_below(title, contents.sections),
            meta={key: value for key, value in meta.items() if value},
        )

    def release(self) -> str:
        return ""

    def _read(self, part: str, path: Path, name: str) -> Contents:
        """Raises `Unreadable`."""
        parts = PurePosixPath(part).parts[1:] or (path.name,)
        if parts[-1].startswith("~$"):
            raise Unreadable("lock file of a document that is open")
        if any(folder.startswith(".") for folder in parts):
            raise Unreadable("hidden file")
        kind = PurePosixPath(parts[-1]).suffix.lower()
        reader = READERS.get(kind)
        if reader is None:
            raise Unreadable(f"kind of file not read: {kind or 'no extension'}")
        contents = reader(self._bytes(path, parts), name, self.report)
        if not contents.text.strip():
            raise Unreadable("no text in it")
        return contents

    def _bytes(self, path: Path, parts: Sequence[str]) -> bytes:
        folder = path.parents[len(parts) - 1] if path.parts[-len(parts) :] == tuple(parts) else path.parent
        try:
            if not path.resolve(strict=True).is_relative_to(folder.resolve()):
                raise Unreadable("link that leads out of the folder")
            if not path.is_file():
                raise Unreadable("not a plain file")
            n_bytes = path.stat().st_size
            if not n_bytes:
                raise Unreadable("empty file")
            if n_bytes > self.max_file_bytes:
                raise Unreadable("larger than max_file_bytes", f"{n_bytes:,} bytes")
            with path.open("rb") as file:
                return file.read(self.max_file_bytes)
        except (OSError, RuntimeError) as error:
            reason = "link to nothing" if path.is_symlink() and not path.exists() else "cannot be opened"
            raise Unreadable(reason, type(error).__name__) from error


def _printable(name: str) -> str:
    """A name that can be stored: bytes in it that are not UTF-8 become U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _below(title: str, sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections without the document's title at the head of their paths, where it heads the path of each."""
    if not all(section.title == title or section.title.startswith(f"{title} > ") for section in sections):
        return tuple(sections)
    return tuple(replace(section, title=section.title[len(title) + 3 :]) for section in sections)


COMPONENT: type[Corpus] = Files
