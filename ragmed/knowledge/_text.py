"""Text files of knowledge sources: UTF-8, plain or packed with gzip or bzip2, read as a stream."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ragmed.errors import DamagedFile

_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
_POINTERS = (b"version https://git-lfs.github.com/spec/", b"/annex/objects/", b"../.git/annex/", b".git/annex/")


@contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    """The text of a file; a byte order mark is read over, line ends are left to the reader (``newline=""``).

    Raises `DamagedFile`, also while it is being read: an empty file, a pointer of Git LFS or git-annex in the place of
    the data, a packed file that is not whole, other than UTF-8, a field without end.
    """
    with path.open("rb") as file:
        head = file.read(64)
        file.seek(0)
        if not head:
            raise DamagedFile(f"{path}: empty; fetch it again")
        if head.startswith(_POINTERS):
            raise DamagedFile(f"{path}: a pointer to the data, not the data; get it with: git lfs pull")
        stream: IO[bytes] | gzip.GzipFile | bz2.BZ2File = file
        if head.startswith(_GZIP):
            stream = gzip.GzipFile(fileobj=file)
        elif head.startswith(_BZIP2):
            stream = bz2.BZ2File(file)
        try:
            yield io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        except UnicodeDecodeError as error:
            raise DamagedFile(f"{path}: not UTF-8 text ({error.reason}); the file is damaged") from error
        except csv.Error as error:
            raise DamagedFile(f"{path}: not a table ({error}); the file is damaged") from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DamagedFile(f"{path}: not a whole packed file ({error}); fetch it again") from error
        except OSError as error:
            if error.errno is not None or stream is file:
                raise
            raise DamagedFile(f"{path}: not a whole packed file ({error}); fetch it again") from error


def table(path: Path, columns: tuple[str, ...], delimiter: str = "\t", *, quoted: bool = False) -> Iterator[list[str]]:
    """The rows of a table below its heading, which must be ``columns``; each as long as that.

    ``quoted``: a value may stand in quotation marks, as in CSV. Raises `DamagedFile`, naming file and line.
    """
    with opened(path) as file:
        rows = csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
        heading = next(rows, [])
        if tuple(heading) != columns:
            raise DamagedFile(f"{path}: its columns are {_listed(heading)} instead of {_listed(columns)}")
        n = len(columns)
        for row in rows:
            if len(row) != n:
                if not row:
                    continue
                raise DamagedFile(
                    f"{path}, line {rows.line_num:,}: {len(row)} columns instead of {n}; the line is cut or altered"
                )
            yield row


def _listed(columns: tuple[str, ...] | list[str]) -> str:
    return repr(", ".join(columns)[:200])
