"""The differences of candidate diseases as a matrix: a row for each finding, a column for each candidate.

A cell holds the share of patients that the candidate's profile gives, shaded by it: "yes" where the source gives no
share, "no" where it denies the finding, a dot where it says nothing. Before it stands what is known of the patient,
behind it what the finding tells, in bits. Same data, same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

import numpy as np

from ragmed.charts import escaped
from ragmed.graph.differences import Difference, Known
from ragmed.graph.findings import PREDICATE
from ragmed.graph.store import Graph

Candidates = Sequence[tuple[str, float]]
"""(name, probability), in the order of the differences' ``shares``."""

MAX_CANDIDATES = 10
"""Columns that stay readable; further candidates are left out, and that is said."""

_WIDTH, _ROW = 720, 26
_NAME, _KNOWN, _BITS = 240, 78, 56
_WIDEST = 84
_MAX_NAME, _MAX_HEAD = 32, 40
_PER_CHARACTER, _LEAST_HEAD = 4.4, 40.0
"""Height that a character of a slanted name takes."""
_DARKEST = 0.72
"""Opacity of a cell of 100 %: a figure in the text's colour can be read on it, in light and in dark."""
_SAID: dict[Known, str] = {"observed": "✓ has", "excluded": "✗ has not", "": "? ask"}
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def differences_figure(
    title: str,
    differences: Sequence[Difference],
    candidates: Candidates,
    name_of: Callable[[int], str],
    *,
    no_share: Sequence[Collection[int]] = (),
) -> str:
    """An HTML figure with the matrix as inline SVG, for `ragmed.charts.page`.

    Args:
        title: must be the only one of that wording on a page.
        differences: in the order drawn.
        candidates: as many as the differences have shares.
        name_of: the name of a finding.
        no_share: for each candidate the findings that its source names without a share (`named_without_share`).
    """
    shown = candidates[:MAX_CANDIDATES]
    wide = min(_WIDEST, (_WIDTH - _NAME - _KNOWN - _BITS) / max(len(shown), 1))
    left = _NAME + _KNOWN
    head = max([_LEAST_HEAD, *(14 + _PER_CHARACTER * len(_short(name, _MAX_HEAD)) for name, _ in shown)])
    right = left + wide * len(shown)
    marks = [_head(name, left + wide * (place + 0.5), head - 6) for place, (name, _) in enumerate(shown)]
    marks.append(_line("probability", [_percent(probability) for _, probability in shown], head, left, wide))
    marks.append(f'<line x1="0" y1="{head + _ROW}" x2="{right + _BITS:g}" y2="{head + _ROW}"/>')
    marks.append(f'<text x="{right + _BITS:g}" y="{head + _ROW / 2:g}" dy=".35em" text-anchor="end">bits</text>')
    said = []
    for number, difference in enumerate(differences, start=1):
        cells = [
            _cell(difference, place, difference.finding in no_share[place] if place < len(no_share) else False)
            for place in range(len(shown))
        ]
        marks.append(_row(difference, name_of(difference.finding), cells, head + _ROW * number, left, wide))
        told = ", ".join(f"{name} {_spoken(cell)}" for (name, _), (cell, _) in zip(shown, cells, strict=True))
        said.append(f"{name_of(difference.finding)} ({_SAID[difference.known][2:]}): {told}")
    height = head + _ROW * (len(differences) + 1) + 6
    slug = _NOT_SLUG.sub("-", title.casefold()).strip("-")
    n_out = len(candidates) - len(shown)
    caption = (
        "Share of patients with the finding (%), from the counts and frequencies of the sources. "
        "yes: named without a share; no: denied; "
        "·: not mentioned, which is no denial." + (f" {n_out} further candidates are not drawn." if n_out else "")
    )
    return (
        f'<figure>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" role="img" '
        f'aria-labelledby="{slug}-title {slug}-description">\n<title id="{slug}-title">{escaped(title)}</title>\n'
        f'<desc id="{slug}-description">{escaped("; ".join(said) or "no differences")}</desc>\n'
        + "\n".join(marks)
        + f"\n</svg>\n<figcaption>{escaped(caption)}</figcaption>\n</figure>"
    )


def named_without_share(graph: Graph, disease: int) -> frozenset[int]:
    """The findings that a disease has by its statements, none of which says in how many patients."""
    numbers = [n for n in graph.edges_of(disease, PREDICATE).tolist() if not graph.negated[n]]
    counted = {int(graph.object[n]) for n in numbers if graph.n_examined[n] or not np.isnan(graph.frequency[n])}
    return frozenset(int(graph.object[n]) for n in numbers) - counted


def _cell(difference: Difference, place: int, has_no_share: bool) -> tuple[str, float]:
    """What a cell says, and its shade (0–1)."""
    stated = difference.stated[place]
    if stated is None:
        return "·", 0.0
    if stated <= 0:
        return "no", 0.0
    return ("yes", 0.5) if has_no_share else (f"{100 * stated:.0f}" if stated >= 0.005 else "<1", stated)


def _spoken(cell: str) -> str:
    return "not mentioned" if cell == "·" else cell if cell in ("yes", "no") else f"{cell} %"


def _head(name: str, x: float, y: float) -> str:
    """The name of a candidate above its column, from the upper left down to it."""
    return (
        f'<text transform="translate({x:.1f} {y:.1f}) rotate(38)" text-anchor="end"><title>{escaped(name)}</title>'
        f"{escaped(_short(name, _MAX_HEAD))}</text>"
    )


def _line(label: str, values: Sequence[str], top: float, left: float, wide: float) -> str:
    middle = top + _ROW / 2
    texts = "".join(
        f'<text x="{left + wide * (place + 0.5):.1f}" y="{middle:g}" dy=".35em" text-anchor="middle">'
        f"{escaped(value)}</text>"
        for place, value in enumerate(values)
    )
    return f'<g><text x="0" y="{middle:g}" dy=".35em">{escaped(label)}</text>{texts}</g>'


def _row(
    difference: Difference, name: str, cells: Sequence[tuple[str, float]], top: float, left: float, wide: float
) -> str:
    middle = top + _ROW / 2
    marks = [
        f'<text x="0" y="{middle:g}" dy=".35em"><title>{escaped(name)}</title>{escaped(_short(name))}</text>',
        f'<text x="{_NAME}" y="{middle:g}" dy=".35em">{_SAID[difference.known]}</text>',
    ]
    for place, (text, shade) in enumerate(cells):
        x = left + wide * place
        marks.append(
            f'<rect x="{x + 1:.1f}" y="{top + 1:g}" width="{wide - 2:.1f}" height="{_ROW - 2}" '
            f'fill-opacity="{_DARKEST * shade:.3f}"/>'
            f'<text x="{x + wide / 2:.1f}" y="{middle:g}" dy=".35em" text-anchor="middle">{escaped(text)}</text>'
        )
    end = left + wide * len(cells) + _BITS
    marks.append(f'<text x="{end:.1f}" y="{middle:g}" dy=".35em" text-anchor="end">{difference.bits:.2f}</text>')
    return "<g>" + "".join(marks) + "</g>"


def _short(name: str, most: int = _MAX_NAME) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def _percent(share: float) -> str:
    return "<1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
