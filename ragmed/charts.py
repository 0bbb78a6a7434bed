"""Pages of figures that need nothing but themselves: HTML with charts as inline SVG, no script, no address.

A page is made of strings of HTML: `section`, `table`, `bar_chart`, `column_chart`, joined by `page`. Every
chart has a title and a description for those who hear it read, and prints its figures beside its marks for
those who see no colour; it follows the reader's choice of light or dark, and prints in black on white.

Source: W3C, SVG Accessibility API Mappings 1.0 (role, title, desc); WCAG 2.2, 1.4.1 (not by colour alone).
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

Bars = Sequence[tuple[str, float]]
"""(label, value ≥ 0), in the order drawn."""

_WIDTH = 720
_ROW = 24
_LABEL = 250
_FIGURE = 130
MAX_LABEL = 30
"""Characters of a label that fit beside a bar; the rest is in its title."""

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")

_STYLE = """
:root { color-scheme: light dark; --bar: #2f6f9f; --line: #c8ced3; }
@media (prefers-color-scheme: dark) { :root { --bar: #7db7e0; --line: #4a525a; } }
body { font: 16px/1.5 system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .25rem; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
th.number, td.number { text-align: right; white-space: nowrap; }
figure { margin: 1rem 0; break-inside: avoid; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: currentColor; font-size: 13px; }
svg rect { fill: var(--bar); }
svg line { stroke: var(--line); }
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


def paragraph(text: str) -> str:
    """Plain text as a paragraph."""
    return f"<p>{escaped(text)}</p>"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under headings; cells that are numbers stand at the right."""
    numeric = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(headings))]
    kinds = [' class="number"' if is_numeric else "" for is_numeric in numeric]
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
        short = label if len(label) <= MAX_LABEL else label[: MAX_LABEL - 1].rstrip() + "…"
        marks.append(
            f"<g><title>{escaped(label)}: {figure}</title>"
            f'<text x="{_LABEL - 8}" y="{middle:g}" dy=".35em" text-anchor="end">{escaped(short)}</text>'
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


def _described(bars: Bars, unit: str, decimals: int) -> str:
    """The figures in words."""
    unit = f" {unit}" if unit else ""
    return "; ".join(f"{label}: {value:,.{decimals}f}{unit}" for label, value in bars) or "no figures"


def _is_number(cell: str) -> bool:
    """Whether a cell reads as a figure.

    >>> [_is_number(cell) for cell in ("1,234", "0.5", "12.3 %", "–", "A 1", "")]
    [True, True, True, False, False, False]
    """
    return re.fullmatch(r"[-+]?[\d,]*\.?\d+ ?%?", cell) is not None
