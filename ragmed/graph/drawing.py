"""Statements drawn: the ways between two nodes, and what is said of a node, as pages that need nothing but themselves.

What is asked about stands once, as a tall box; every line beside it is a row of its own, so that no two cross, and an
arrow points from the subject of a statement to its object. Boxes are coloured by the kind of their node, which they
also name; they and the evidence below them lead to where they come from. Same graph, same bytes.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from ragmed import charts
from ragmed.charts import escaped
from ragmed.graph.evidence import share_in_words
from ragmed.graph.layout import NODE_KINDS
from ragmed.graph.paths import Path, citations
from ragmed.graph.statements import details, in_order, predicate_label, statement_in_words
from ragmed.graph.store import Graph
from ragmed.types import Edge, NodeKind

MAX_SIDE = 20
"""Statements drawn on each side of a node: those of the greatest weight, in the order in which they are listed."""
MAX_LISTED = 500
"""Statements listed either way."""

_BOX, _GAP, _ROW, _TOP = 150, 112, 86, 34
_TALL, _IN_SIGHT = 72, 420
_LINE, _PER_LINE, _MAX_LINES = 14, 20, 3
_MAX_LABEL = 19
_LEGIBLE = 0.78
"""How far a drawing is made smaller to fit a page; one that is wider still is scrolled."""
_COLOURS: dict[NodeKind, str] = {
    "finding": "#bfe3c6",
    "disease": "#f9c9b6",
    "modifier": "#e3e3e3",
    "drug": "#c3d9f5",
    "gene": "#e6d0ef",
    "anatomy": "#f6e3a8",
    "procedure": "#c4ebea",
    "other": "#f3f3f3",
}
_STYLE = "".join(f"svg .kind-{kind} {{ fill: {colour}; stroke: #6b7278; }} " for kind, colour in _COLOURS.items()) + (
    "svg .box text { fill: #111; font-size: 12.5px; } svg .box .small { font-size: 10px; fill: #444; } "
    "svg a.box:hover rect { stroke-width: 2.5; } svg .way { stroke: currentColor; stroke-width: 1.3; } "
    "svg .denied { stroke-dasharray: 5 4; } svg .point { fill: currentColor; } "
    "svg .said { font-size: 11.5px; } svg .share { font-size: 10.5px; opacity: .8; } ol.steps li { margin: .3rem 0; } "
    "figure.wide { overflow-x: auto; } "
    "@media print { figure.wide svg { min-width: 0 !important; } } "
    "@media print { svg .box rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }"
)


def paths_page(graph: Graph, paths: Sequence[Path], remark: str = "") -> str:
    """A page with the ways between two nodes: drawn, then each step with what it rests on. ``paths`` must not be empty.

    ``remark`` stands under the heading.
    """
    first, last = graph.name(paths[0].rows[0]), graph.name(paths[0].rows[-1])
    title = f"From {first} to {last}"
    return charts.page(
        title,
        f"<style>{_STYLE}</style>",
        charts.paragraph(remark) if remark else "",
        paths_figure(graph, paths),
        *(
            charts.section(f"Way {number}", _steps(graph, citations(graph, path)))
            for number, path in enumerate(paths, start=1)
        ),
        _sources(graph),
    )


def node_page(graph: Graph, row: int) -> str:
    """A page with what a graph says of a node: drawn as far as it can be read, then statement by statement."""
    node = graph.node(row)
    into, out = in_order(graph, graph.edges_into(row)), in_order(graph, graph.edges_of(row))
    return charts.page(
        node.name,
        f"<style>{_STYLE}</style>",
        f"<p>{_linked(node.url, node.node_id)}, {escaped(node.kind)}</p>",
        charts.paragraph(node.definition) if node.definition else "",
        node_figure(graph, row),
        *(
            charts.section(f"{heading} ({len(numbers):,})", *_listed(graph, numbers))
            for heading, numbers in (("What is said of it", out), ("What is said of others with it", into))
            if numbers
        ),
        _sources(graph),
    )


def paths_figure(graph: Graph, paths: Sequence[Path]) -> str:
    """The ways from the nodes on the left to those on the right, a row each, for `ragmed.charts.page`."""
    n_between = max(len(path.rows) for path in paths) - 2
    right = (n_between + 1) * (_BOX + _GAP)
    height = _TOP + len(paths) * _ROW
    marks = [_legend(graph, {row for path in paths for row in path.rows}, right + _BOX)]
    for left, ends in ((0, [path.rows[0] for path in paths]), (right, [path.rows[-1] for path in paths])):
        top = _TOP
        for end, same in itertools.groupby(ends):
            n_rows = len(list(same))
            marks.append(_box(graph, end, left, top, n_rows * _ROW - (_ROW - _TALL)))
            top += n_rows * _ROW
    for place, path in enumerate(paths):
        top = _TOP + place * _ROW
        for hop, (row, edge, is_forward) in enumerate(
            zip(path.rows[1:], citations(graph, path), path.forward, strict=True)
        ):
            left = hop * (_BOX + _GAP) + _BOX
            is_last = hop == len(path.edges) - 1
            stop = right if is_last else left + _GAP
            marks.append(_arrow(graph, edge, left, stop, top + _TALL / 2, "right" if is_forward else "left"))
            if not is_last:
                marks.append(_box(graph, row, stop, top, _TALL))
    n_ways = "1 way" if len(paths) == 1 else f"{len(paths)} ways"
    said = f"{n_ways} from {graph.name(paths[0].rows[0])} to {graph.name(paths[0].rows[-1])}"
    return _svg("ways", said, right + _BOX, height, marks)


def node_figure(graph: Graph, row: int) -> str:
    """A node between what is said of others with it, on its left, and what is said of it, for `ragmed.charts.page`."""
    into, out = in_order(graph, graph.edges_into(row)), in_order(graph, graph.edges_of(row))
    sides: dict[Literal["left", "right"], list[int]] = {"left": into[:MAX_SIDE], "right": out[:MAX_SIDE]}
    n_rows = max(len(sides["left"]), len(sides["right"]), 1)
    middle = _BOX + _GAP if into else 0
    width = middle + _BOX + (_GAP + _BOX if out else 0)
    shown = {row}
    marks = [_box(graph, row, middle, _TOP, n_rows * _ROW - (_ROW - _TALL))]
    for side, numbers in sides.items():
        other = graph.subject if side == "left" else graph.object
        for place, number in enumerate(numbers):
            top = _TOP + place * _ROW
            end = int(other[number])
            shown.add(end)
            start = _BOX if side == "left" else middle + _BOX
            marks.append(_arrow(graph, graph.edge(number), start, start + _GAP, top + _TALL / 2, "right"))
            marks.append(_box(graph, end, 0 if side == "left" else start + _GAP, top, _TALL))
    height = _TOP + n_rows * _ROW
    n_more = max(len(into) - MAX_SIDE, 0) + max(len(out) - MAX_SIDE, 0)
    if n_more:
        height += 20
        marks.append(f'<text x="0" y="{height - 8}">and {n_more:,} more statements, listed below</text>')
    marks.insert(0, _legend(graph, shown, width))
    said = f"{graph.name(row)}: {len(out):,} statements of it, {len(into):,} of others with it"
    return _svg("statements", said, width, height, marks)


def _box(graph: Graph, row: int, left: float, top: float, height: float) -> str:
    """A node: its name in the middle, its kind above and its id below; it leads to its page."""
    node = graph.node(row)
    lines = textwrap.wrap(node.name, _PER_LINE) or [node.node_id]
    if len(lines) > _MAX_LINES:
        lines = [*lines[: _MAX_LINES - 1], lines[_MAX_LINES - 1][: _PER_LINE - 1].rstrip() + "…"]
    # A name stays in sight where its box is taller than a screen.
    centre, middle = left + _BOX / 2, top + min(height, _IN_SIGHT) / 2
    first = middle - (len(lines) - 1) * _LINE / 2 - 1
    words = "".join(
        f'<text x="{centre:g}" y="{first + i * _LINE:g}" dy=".35em" text-anchor="middle">{escaped(line)}</text>'
        for i, line in enumerate(lines)
    )
    small = (
        f'<text class="small" x="{left + 6:g}" y="{top + 11:g}">{escaped(node.kind)}</text>'
        f'<text class="small" x="{left + _BOX - 6:g}" y="{top + height - 4:g}" text-anchor="end">'
        f"{escaped(node.node_id[:24])}</text>"
    )
    inside = (
        f"<title>{escaped(node.name)} ({escaped(node.node_id)})</title>"
        f'<rect class="kind-{node.kind}" x="{left:g}" y="{top:g}" width="{_BOX}" height="{height:g}" rx="7"/>'
        f"{small}{words}"
    )
    return (
        f'<a class="box" href="{escaped(node.url)}">{inside}</a>'
        if _is_web(node.url)
        else (f'<g class="box">{inside}</g>')
    )


def _arrow(
    graph: Graph, edge: Edge, left: float, right: float, height: float, towards: Literal["left", "right"]
) -> str:
    """A statement: a line with a point at its object, what it says above it, for how many below."""
    tip, back = (right - 1, right - 9) if towards == "right" else (left + 1, left + 9)
    centre = (left + right) / 2
    said = predicate_label(edge)
    short = said if len(said) <= _MAX_LABEL else said[: _MAX_LABEL - 1].rstrip() + "…"
    share = share_in_words(edge)
    return (
        f"<g><title>{escaped(statement_in_words(graph, edge))} ({escaped(details(graph, edge))})</title>"
        f'<line class="way{" denied" if edge.negated else ""}" x1="{left + (towards == "left") * 8:g}" y1="{height:g}" '
        f'x2="{right - (towards == "right") * 8:g}" y2="{height:g}"/>'
        f'<polygon class="point" points="{tip:g},{height:g} {back:g},{height - 4:g} {back:g},{height + 4:g}"/>'
        f'<text class="said" x="{centre:g}" y="{height - 7:g}" text-anchor="middle">{escaped(short)}</text>'
        + (
            f'<text class="share" x="{centre:g}" y="{height + 15:g}" text-anchor="middle">{share}</text>'
            if share
            else ""
        )
        + "</g>"
    )


def _legend(graph: Graph, rows: set[int], width: float) -> str:
    """The kinds that are drawn, each after its colour."""
    kinds = [kind for kind in NODE_KINDS if kind in {graph.kind(row) for row in rows}]
    return "".join(
        f'<g><rect class="kind-{kind}" x="{i * 88}" y="2" width="14" height="14" rx="3"/>'
        f'<text x="{i * 88 + 19}" y="9" dy=".35em">{kind}</text></g>'
        for i, kind in enumerate(kinds[: max(int(width // 88), 1)])
    )


def _svg(name: str, description: str, width: float, height: float, marks: Sequence[str]) -> str:
    return (
        '<figure class="wide">\n<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="-1 0 {width + 2:g} {height:g}" '
        f'style="max-width: {width:g}px; min-width: {_LEGIBLE * width:.0f}px" aria-labelledby="{name}-title">\n'
        f'<title id="{name}-title">{escaped(description)}</title>\n' + "\n".join(marks) + "\n</svg>\n</figure>"
    )


def _listed(graph: Graph, numbers: Sequence[int]) -> list[str]:
    more = len(numbers) - MAX_LISTED
    shown = _steps(graph, [graph.edge(number) for number in numbers[:MAX_LISTED]])
    return [shown, charts.paragraph(f"and {more:,} more")] if more > 0 else [shown]


def _steps(graph: Graph, edges: Sequence[Edge]) -> str:
    return '<ol class="steps">\n' + "\n".join(f"<li>{_step(graph, edge)}</li>" for edge in edges) + "\n</ol>"


def _step(graph: Graph, edge: Edge) -> str:
    """A statement in words, and links to what it rests on."""
    evidence = ", ".join(_linked(_address(graph, item), item) for item in edge.evidence)
    said = details(graph, replace(edge, evidence=()))
    quote = f" “{escaped(edge.quote)}”" if edge.quote else ""
    about = f" — {evidence}" if evidence else ""
    return f"{escaped(statement_in_words(graph, edge))} ({escaped(said)}){about}{quote}"


def _sources(graph: Graph) -> str:
    """Where the statements come from: title, release and licence of every source of the graph."""
    rows = [[str(source.get(key, "")) for key in ("name", "title", "release", "licence")] for source in graph.sources]
    return charts.section("Sources", charts.table(["source", "title", "release", "licence"], rows))


def _address(graph: Graph, evidence: str) -> str:
    """Where a piece of evidence can be read; empty where that is not known."""
    prefix, _, number = evidence.partition(":")
    if prefix == "PMID" and number.isdigit():
        return f"https://pubmed.ncbi.nlm.nih.gov/{number}/"
    if _is_web(evidence):
        return evidence
    found = graph.find(evidence)
    return graph.node(found.row).url if found is not None else ""


def _linked(address: str, text: str) -> str:
    return f'<a href="{escaped(address)}">{escaped(text)}</a>' if _is_web(address) else escaped(text)


def _is_web(address: str) -> bool:
    return address.startswith(("https://", "http://"))
