"""Pages of figures that need nothing but themselves: HTML with charts as inline SVG, no script, no address.

A page is made of strings of HTML: `section`, `table`, `bar_chart`, `column_chart`, …, joined by `page`. Every
chart has a title and a description for those who hear it read, and prints its figures beside its marks for
those who see no colour, or tells its lines apart by their dashes; it follows the reader's choice of light or
dark, and prints in black on white. Bars begin at zero, always.

Source: W3C, SVG Accessibility API Mappings 1.0 (role, title, desc); WCAG 2.2, 1.4.1 (not by colour alone).
"""

from __future__ import annotations

import html
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

Bars = Sequence[tuple[str, float]]
"""(label, value ≥ 0), in the order drawn."""

Intervals = Sequence[tuple[str, float, float, float]]
"""(label, value, lower end, upper end), in the order drawn."""
Points = Sequence[tuple[float, float]]

_WIDTH = 720
_ROW = 24
_LABEL = 250
_FIGURE = 130
MAX_LABEL = 30
"""Characters of a label that fit beside a bar; the rest is in its title."""

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")

_MAX_SHORT = 24
_MAX_UNBROKEN = 62
"""Characters of a cell that is not broken into lines, and of a row of such cells."""
_LONG = ' class="long"'

N_STYLES = 5
"""Parts or lines that a chart tells apart."""
_DASHES = ("none", "7 4", "2 3", "10 3 2 3", "4 2")

_STYLE = """
:root { color-scheme: light dark; --bar: #2f6f9f; --line: #c8ced3; --whisker: #111;
  --s0: #2f6f9f; --s1: #d55e00; --s2: #8a929a; --s3: #c9a227; --s4: #8e4585; }
@media (prefers-color-scheme: dark) { :root { --bar: #4f8db8; --line: #4a525a; --whisker: #f2f2f2;
  --s0: #7db7e0; --s1: #ff8f45; --s2: #a3abb3; --s3: #e6c34d; --s4: #d38bc9; } }
body { font: 16px/1.5 system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .25rem; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
th { overflow-wrap: normal; }
th.number, td.number { text-align: right; }
td { white-space: nowrap; }
td.long { white-space: normal; }
figure { margin: 1rem 0; break-inside: avoid; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: currentColor; font-size: 13px; }
svg rect { fill: var(--bar); }
svg line { stroke: var(--line); }
svg .whisker { stroke: var(--whisker); stroke-width: 1.5; }
svg polyline { fill: none; stroke-width: 2; }
svg circle { fill-opacity: .6; }
svg .inside { fill: #fff; paint-order: stroke; stroke: #0009; stroke-width: 2px; }
svg .s0 { fill: var(--s0); } svg .s1 { fill: var(--s1); } svg .s2 { fill: var(--s2); } svg .s3 { fill: var(--s3); }
svg .s4 { fill: var(--s4); }
svg .l0 { stroke: var(--s0); } svg .l1 { stroke: var(--s1); } svg .l2 { stroke: var(--s2); }
svg .l3 { stroke: var(--s3); } svg .l4 { stroke: var(--s4); }
pre { font: 13px/1.4 ui-monospace, "Liberation Mono", "DejaVu Sans Mono", monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; }
@media print { :root { color-scheme: light; --bar: #2f6f9f; --line: #999; } body { color: #000; background: #fff;
  max-width: none; margin: 0; } svg rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def page(title: str, *parts: str) -> str:
    """A whole HTML document around ``parts``."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escaped(title)}</h1>\n" + "\n".join(parts) + "\n</main>\n</body>\n</html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A heading and what stands under it."""
    return f"<section>\n<h2>{escaped(title)}</h2>\n" + "\n".join(parts) + "\n</section>"


def heading(text: str) -> str:
    """What the chart or table that follows shows, within a section."""
    return f"<h3>{escaped(text)}</h3>"


def paragraph(text: str) -> str:
    """Plain text as a paragraph."""
    return f"<p>{escaped(text)}</p>"


def preformatted(text: str) -> str:
    """Text whose lines stay as they are: a recipe, JSON."""
    return f"<pre>{escaped(text)}</pre>"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under headings; cells that are numbers stand at the right, short ones in one line."""
    kinds = [_kind([row[i] for row in rows]) for i in range(len(headings))]
    unbroken = [max((len(row[i]) for row in rows), default=0) for i, kind in enumerate(kinds) if kind != _LONG]
    if sum(unbroken) > _MAX_UNBROKEN:
        kinds = [kind or _LONG for kind in kinds]
    head = "".join(f'<th scope="col"{kind}>{escaped(cell)}</th>' for cell, kind in zip(headings, kinds, strict=True))
    body = "\n".join(
        "<tr>" + "".join(f"<td{kind}>{escaped(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def bar_chart(title: str, bars: Bars, *, of: float = 0, unit: str = "", decimals: int = 0) -> str:
    """Horizontal bars, each with its label before and its figure behind it, for named things.

    ``of``: what the figures are shares of, printed as per cent where positive. ``title`` must be the only one
    of that wording on a page.
    """
    largest = max((value for _, value in bars), default=0) or 1
    room = _WIDTH - _LABEL - _FIGURE
    marks = []
    for row, (label, value) in enumerate(bars):
        middle = row * _ROW + _ROW / 2
        width = room * value / largest
        figure = f"{value:,.{decimals}f}" + (f" ({value / of:.1%})" if of > 0 else "")
        marks.append(
            f"<g><title>{escaped(label)}: {figure}</title>{_label(label, middle)}"
            f'<rect x="{_LABEL}" y="{row * _ROW + 4}" width="{width:.1f}" height="{_ROW - 8}"/>'
            f'<text x="{_LABEL + width + 6:.1f}" y="{middle:g}" dy=".35em">{figure}</text></g>'
        )
    axis = f'<line x1="{_LABEL}" y1="0" x2="{_LABEL}" y2="{len(bars) * _ROW}"/>'
    return _figure(title, _described(bars, unit, decimals), len(bars) * _ROW, [*marks, axis])


def column_chart(title: str, bars: Bars, *, unit: str = "", decimals: int = 0) -> str:
    """Columns side by side over their labels, for what has an order: a histogram's bins, years.

    ``title`` must be the only one of that wording on a page. Up to some thirty columns stay readable.
    """
    largest = max((value for _, value in bars), default=0) or 1
    step = _WIDTH / max(len(bars), 1)
    slanted = any(len(label) * 8 > step for label, _ in bars)
    upright = any(len(f"{value:,.{decimals}f}") * 8 > step for _, value in bars)
    top, height = (64 if upright else 20), 180
    bottom = top + height
    marks = []
    for i, (label, value) in enumerate(bars):
        middle = (i + 0.5) * step
        tall = height * value / largest
        figure = f"{value:,.{decimals}f}"
        above = (
            f'<text transform="translate({middle:.1f} {bottom - tall - 6:.1f}) rotate(-90)" dy=".35em">{figure}</text>'
            if upright
            else f'<text x="{middle:.1f}" y="{bottom - tall - 5:.1f}" text-anchor="middle">{figure}</text>'
        )
        below = (
            f'<text transform="translate({middle:.1f} {bottom + 10}) rotate(-90)" dy=".35em" text-anchor="end">'
            f"{escaped(label)}</text>"
            if slanted
            else f'<text x="{middle:.1f}" y="{bottom + 18}" text-anchor="middle">{escaped(label)}</text>'
        )
        marks.append(
            f"<g><title>{escaped(label)}: {figure}</title>"
            f'<rect x="{i * step + step * 0.1:.1f}" y="{bottom - tall:.1f}" width="{step * 0.8:.1f}" '
            f'height="{tall:.1f}"/>{above}{below}</g>'
        )
    longest = max((len(label) for label, _ in bars), default=0)
    depth = bottom + (18 + 8 * longest if slanted else 28)
    axis = f'<line x1="0" y1="{bottom}" x2="{_WIDTH}" y2="{bottom}"/>'
    return _figure(title, _described(bars, unit, decimals), depth, [*marks, axis])


def interval_chart(title: str, rows: Intervals, *, decimals: int = 3, unit: str = "") -> str:
    """Horizontal bars from zero, to either side, each with a whisker from the lower to the upper end of its interval.

    ``title`` must be the only one of that wording on a page.
    """
    least = min((0.0, *(low for _, _, low, _ in rows)))
    most = max((0.0, *(high for _, _, _, high in rows)))
    ticks = _ticks(least, most)
    least, most = min(least, ticks[0]), max(most, ticks[-1])
    room = _WIDTH - _LABEL - _FIGURE - 62

    def x(value: float) -> float:
        return _LABEL + room * (value - least) / (most - least)

    bottom = len(rows) * _ROW
    grid = [
        f'<line x1="{x(tick):.1f}" y1="0" x2="{x(tick):.1f}" y2="{bottom}"/>'
        f'<text x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{_tick(tick)}</text>'
        for tick in ticks
    ]
    marks = []
    for row, (label, value, low, high) in enumerate(rows):
        middle = row * _ROW + _ROW / 2
        figure = f"{value:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"
        left, right = sorted((x(0), x(value)))
        marks.append(
            f"<g><title>{escaped(label)}: {figure}</title>{_label(label, middle)}"
            f'<rect x="{left:.1f}" y="{row * _ROW + 5}" width="{right - left:.1f}" height="{_ROW - 10}"/>'
            f"{_whisker(x(low), middle, x(high), middle)}"
            f'<text x="{_LABEL + room + 10}" y="{middle:g}" dy=".35em">{figure}</text></g>'
        )
    zero = f'<line class="whisker" x1="{x(0):.1f}" y1="0" x2="{x(0):.1f}" y2="{bottom}"/>'
    said = "; ".join(f"{label}: {v:.{decimals}f}, from {a:.{decimals}f} to {b:.{decimals}f}" for label, v, a, b in rows)
    return _figure(title, f"{said or 'no figures'}{f' ({unit})' if unit else ''}", bottom + 22, [*grid, *marks, zero])


def stacked_chart(title: str, rows: Sequence[tuple[str, Mapping[str, int]]], parts: Sequence[str]) -> str:
    """Horizontal bars of equal length, cut into the shares of their parts (`N_STYLES` at most), with a legend.

    ``title`` must be the only one of that wording on a page.
    """
    _check_styles(parts)
    room = _WIDTH - _LABEL - 70
    marks = [_legend(parts, squares=True)]
    for row, (label, counts) in enumerate(rows):
        top = 28 + row * _ROW
        total = sum(counts.get(part, 0) for part in parts)
        left = float(_LABEL)
        cells = [_label(label, top + _ROW / 2)]
        for style, part in enumerate(parts):
            n = counts.get(part, 0)
            width = room * n / total if total else 0.0
            cells.append(
                f'<rect class="s{style}" x="{left:.1f}" y="{top + 3}" width="{width:.1f}" height="{_ROW - 6}">'
                f"<title>{escaped(part)}: {n:,}</title></rect>"
            )
            if width > 8 * len(f"{n:,}") + 6:
                cells.append(
                    f'<text class="inside" x="{left + width / 2:.1f}" y="{top + _ROW / 2:g}" dy=".35em" '
                    f'text-anchor="middle">{n:,}</text>'
                )
            left += width
        cells.append(f'<text x="{_LABEL + room + 6}" y="{top + _ROW / 2:g}" dy=".35em">{total:,}</text>')
        marks.append("<g>" + "".join(cells) + "</g>")
    said = "; ".join(
        f"{label}: " + ", ".join(f"{part} {counts.get(part, 0):,}" for part in parts) for label, counts in rows
    )
    return _figure(title, said or "no figures", 28 + len(rows) * _ROW, marks)


def line_chart(
    title: str, lines: Mapping[str, Points], *, x_label: str, y_label: str, from_zero: bool = True, steps: bool = False
) -> str:
    """Lines through points ordered by x (`N_STYLES` at most), or, with ``steps``, stairs: y holds until the next x.

    ``from_zero``: whether the vertical axis must include zero. ``title`` must be the only one of that wording.
    """
    _check_styles(list(lines))
    points = [point for line in lines.values() for point in line]
    ys = [y for _, y in points] + ([0.0] if from_zero else [])
    axes = _Axes([x for x, _ in points], ys, x_label, y_label)
    marks = [_legend(list(lines), squares=False), *axes.marks()]
    for style, (name, line) in enumerate(lines.items()):
        thinned = _thinned(line)
        corners = [
            corner
            for i, (x, y) in enumerate(thinned)
            for corner in ([(x, thinned[i - 1][1])] if steps and i else []) + [(x, y)]
        ]
        path = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in corners)
        marks.append(
            f'<g><title>{escaped(name)}</title><polyline class="l{style}" stroke-dasharray="{_DASHES[style]}" '
            f'points="{path}"/></g>'
        )
    said = "; ".join(
        f"{name}: from {line[0][1]:.3f} at {line[0][0]:.3g} to {line[-1][1]:.3f} at {line[-1][0]:.3g}"
        for name, line in lines.items()
        if line
    )
    return _figure(title, f"{y_label} by {x_label}. {said or 'no figures'}", axes.height, marks)


def scatter_chart(title: str, points: Points, *, x_label: str, y_label: str) -> str:
    """Points in a square of equal scales with its diagonal; points that fall on one another make a larger one.

    ``title`` must be the only one of that wording on a page.
    """
    values = [value for point in points for value in point]
    axes = _Axes([0.0, *values], [0.0, *values], x_label, y_label, square=True)
    span = (axes.x_range[1] - axes.x_range[0]) / 100
    merged = Counter((round(x / span) * span, round(y / span) * span) for x, y in points)
    marks = [*axes.marks(), axes.diagonal()]
    for (x, y), n in sorted(merged.items()):
        marks.append(
            f'<circle class="s0" cx="{axes.x(x):.1f}" cy="{axes.y(y):.1f}" r="{min(3 * n**0.5, 22):.1f}">'
            f"<title>{x:.2f}, {y:.2f}: {n:,}</title></circle>"
        )
    n_above, n_below = sum(y > x for x, y in points), sum(y < x for x, y in points)
    said = f"{len(points):,} points: {n_above:,} above the diagonal, {n_below:,} below, the rest on it"
    return _figure(title, f"{y_label} against {x_label}. {said}", axes.height, marks)


def reliability_chart(title: str, bins: Sequence[tuple[float, float, float, float, int]]) -> str:
    """Accuracy against confidence with the diagonal of perfect calibration.

    ``bins`` hold mean confidence, accuracy, its lower and upper end, and the number of answers, which stands above.
    ``title`` must be the only one of that wording on a page.
    """
    axes = _Axes([0.0, 1.0], [0.0, 1.0], "mean confidence", "share right", square=True)
    marks = [*axes.marks(), axes.diagonal()]
    for confidence, share, low, high, n in bins:
        x = axes.x(confidence)
        marks.append(
            f"<g><title>confidence {confidence:.3f}: {share:.3f} right, {n:,} answers</title>"
            f"{_whisker(x, axes.y(low), x, axes.y(high))}"
            f'<circle class="s0" cx="{x:.1f}" cy="{axes.y(share):.1f}" r="5"/>'
            f'<text x="{x:.1f}" y="{axes.y(high) - 5:.1f}" text-anchor="middle">{n:,}</text></g>'
        )
    said = "; ".join(f"confidence {c:.2f}: {s:.2f} right of {n:,}" for c, s, _, _, n in bins)
    return _figure(title, said or "no figures", axes.height, marks)


def escaped(text: str) -> str:
    """Text as it may stand in HTML; characters that XML forbids become a replacement character.

    >>> escaped('<b>"5 < 6"</b>')
    '&lt;b&gt;&quot;5 &lt; 6&quot;&lt;/b&gt;'
    """
    return html.escape(_NOT_XML.sub("\ufffd", text))


def _figure(title: str, description: str, height: float, marks: Sequence[str]) -> str:
    name = _NOT_SLUG.sub("-", title.casefold()).strip("-")
    return (
        f'<figure>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {max(height, 1):g}" role="img" '
        f'aria-labelledby="{name}-title {name}-description">\n'
        f'<title id="{name}-title">{escaped(title)}</title>\n'
        f'<desc id="{name}-description">{escaped(description)}</desc>\n' + "\n".join(marks) + "\n</svg>\n</figure>"
    )


class _Axes:
    """A plane with ticks: from data to places in the drawing."""

    def __init__(
        self, xs: Sequence[float], ys: Sequence[float], x_label: str, y_label: str, *, square: bool = False
    ) -> None:
        self._ticks_x = _ticks(min(xs, default=0.0), max(xs, default=1.0))
        self._ticks_y = _ticks(min(ys, default=0.0), max(ys, default=1.0))
        self.x_range = (min(self._ticks_x[0], *xs, math.inf), max(self._ticks_x[-1], *xs, -math.inf))
        self.y_range = (min(self._ticks_y[0], *ys, math.inf), max(self._ticks_y[-1], *ys, -math.inf))
        self._labels = (x_label, y_label)
        self._left, self._top = 70.0, 34.0
        self._tall = 380.0 if square else 240.0
        self._wide = self._tall if square else _WIDTH - self._left - 20
        self.height = self._top + self._tall + 46

    def x(self, value: float) -> float:
        low, high = self.x_range
        return self._left + self._wide * (value - low) / (high - low)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return self._top + self._tall * (high - value) / (high - low)

    def marks(self) -> list[str]:
        right, bottom = self._left + self._wide, self._top + self._tall
        x_label, y_label = map(escaped, self._labels)
        return [
            *(
                f'<line x1="{self.x(tick):.1f}" y1="{self._top}" x2="{self.x(tick):.1f}" y2="{bottom}"/>'
                f'<text x="{self.x(tick):.1f}" y="{bottom + 17}" text-anchor="middle">{_tick(tick)}</text>'
                for tick in self._ticks_x
            ),
            *(
                f'<line x1="{self._left}" y1="{self.y(tick):.1f}" x2="{right}" y2="{self.y(tick):.1f}"/>'
                f'<text x="{self._left - 6}" y="{self.y(tick):.1f}" dy=".35em" text-anchor="end">{_tick(tick)}</text>'
                for tick in self._ticks_y
            ),
            f'<text x="{(self._left + right) / 2:g}" y="{bottom + 38}" text-anchor="middle">{x_label}</text>',
            f'<text transform="translate(14 {(self._top + bottom) / 2:g}) rotate(-90)" text-anchor="middle">'
            f"{y_label}</text>",
        ]

    def diagonal(self) -> str:
        low, high = max(self.x_range[0], self.y_range[0]), min(self.x_range[1], self.y_range[1])
        return (
            f'<line class="whisker" stroke-dasharray="4 4" x1="{self.x(low):.1f}" y1="{self.y(low):.1f}" '
            f'x2="{self.x(high):.1f}" y2="{self.y(high):.1f}"/>'
        )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from at most ``low`` to at least ``high``, some five of them.

    >>> _ticks(0, 1), _ticks(-0.03, 0.11), _ticks(0, 0)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [-0.05, 0.0, 0.05, 0.1, 0.15], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    """
    if high <= low:
        high = low + 1
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) + 0.0 for i in range(first, last + 1)]


def _tick(value: float) -> str:
    return f"{value:,.10g}"


def _thinned(line: Points, n: int = 400) -> Points:
    """At most ``n`` of the points, the first and the last among them."""
    if len(line) <= n:
        return line
    return [line[round(i * (len(line) - 1) / (n - 1))] for i in range(n)]


def _label(label: str, middle: float) -> str:
    """A label before a bar, cut to what fits; it is whole when pointed at."""
    short = label if len(label) <= MAX_LABEL else label[: MAX_LABEL - 1].rstrip() + "…"
    return (
        f'<text x="{_LABEL - 8}" y="{middle:g}" dy=".35em" text-anchor="end"><title>{escaped(label)}</title>'
        f"{escaped(short)}</text>"
    )


def _whisker(x1: float, y1: float, x2: float, y2: float) -> str:
    """A line with a cross-bar at each end, horizontal or vertical."""
    dx, dy = (0, 4) if y1 == y2 else (4, 0)
    ends = ((x1, y1, x2, y2), (x1 - dx, y1 - dy, x1 + dx, y1 + dy), (x2 - dx, y2 - dy, x2 + dx, y2 + dy))
    return "".join(
        f'<line class="whisker" x1="{a:.1f}" y1="{b:.1f}" x2="{c:.1f}" y2="{d:.1f}"/>' for a, b, c, d in ends
    )


def _legend(names: Sequence[str], *, squares: bool) -> str:
    """Names in one line, each after its colour or its dashes."""
    room = _WIDTH / max(len(names), 1)
    entries = []
    for style, name in enumerate(names):
        left, fits = style * room, int(room / 7.5) - 4
        short = name if len(name) <= fits else name[: max(fits - 1, 1)].rstrip() + "…"
        line = f'class="l{style}" stroke-dasharray="{_DASHES[style]}" points="{left:.1f},11 {left + 26:.1f},11"'
        square = f'class="s{style}" x="{left:.1f}" y="4" width="14" height="14"'
        mark = f"<rect {square}/>" if squares else f"<polyline {line}/>"
        entries.append(
            f"<g><title>{escaped(name)}</title>{mark}"
            f'<text x="{left + (20 if squares else 32):.1f}" y="11" dy=".35em">{escaped(short)}</text></g>'
        )
    return "".join(entries)


def _check_styles(names: Sequence[str]) -> None:
    if len(names) > N_STYLES:
        raise ValueError(f"{len(names)} parts or lines; a chart tells {N_STYLES} apart")


def _described(bars: Bars, unit: str, decimals: int) -> str:
    """The figures in words."""
    unit = f" {unit}" if unit else ""
    return "; ".join(f"{label}: {value:,.{decimals}f}{unit}" for label, value in bars) or "no figures"


def _kind(cells: Sequence[str]) -> str:
    """The class of a column: of numbers, of long cells, or none."""
    if cells and all(map(_is_number, cells)):
        return ' class="number"'
    return _LONG if max(map(len, cells), default=0) > _MAX_SHORT else ""


def _is_number(cell: str) -> bool:
    """Whether a cell reads as a figure.

    >>> [_is_number(cell) for cell in ("1,234", "0.5", "12.3 %", "–", "A 1", "")]
    [True, True, True, False, False, False]
    """
    return re.fullmatch(r"[-+]?[\d,]*\.?\d+ ?%?", cell) is not None
