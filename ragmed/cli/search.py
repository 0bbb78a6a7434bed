"""``ragmed search``: the passages found for a query, without an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ragmed.cli._options import index_option, json_option, print_hints, restriction_options
from ragmed.cli._output import print_json, print_text, reference, warning

if TYPE_CHECKING:
    from ragmed.index.open import Index
    from ragmed.index.searcher import Found
    from ragmed.types import Evidence, Query, Restriction, Weighing

_EXCERPT_CHARS = 240


@click.command(
    short_help="Show the passages found for a query.",
    epilog="""\b
Examples:
  ragmed search "aortic root aneurysm"
  ragmed search "ectopia lentis" --retriever bm25 -k 3
  ragmed search "fever in children" --index medquad -k 10 --json
  ragmed search "statins" --index pubmedqa --since 2010 --type Review --exclude-retracted
  ragmed search "long fingers and a dislocated lens" --explain
""",
)
@click.argument("query")
@index_option
@click.option("-k", type=click.IntRange(1, 1000), default=10, show_default=True, help="Passages to show.")
@click.option("--retriever", metavar="NAME", help="Search with this retriever alone, as bm25 or dense.")
@restriction_options
@click.option(
    "--explain",
    is_flag=True,
    help="Show what was searched, how far each retriever is trusted and why, and each one's rank and score.",
)
@json_option
def search(
    query: str,
    index: str,
    k: int,
    retriever: str | None,
    restriction: Restriction | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Show the passages found for QUERY, best first, and each retriever's rank for them."""
    from ragmed.api import check_question, open_index

    query = check_question(query)
    opened = open_index(index, preload=True)
    [found] = opened.find([query], k, retriever, restriction=restriction)
    evidence = opened.evidence(found)
    explanation = _explanation(opened, found, k, retriever, restriction) if explain else None
    if as_json:
        print_json(_table(opened, query, found, evidence, restriction, explanation))
    else:
        if explanation is not None:
            _print_explanation(explanation)
        if not evidence:
            print_text(f"Nothing found in index {opened.name!r}{_under(restriction)}.")
        for row, one in zip(found.ranking.rows.tolist(), evidence, strict=True):
            _print_hit(one)
            if explain:
                _print_places(found, row, one)
            else:
                ranks = ", ".join(f"{name} {rank}" for name, rank in one.ranks_by_retriever.items())
                print_text(f"   score {one.score:.4f}; ranks: {ranks}", "dim")
    print_hints(opened, restriction)


def _table(
    opened: Index,
    query: str,
    found: Found,
    evidence: tuple[Evidence, ...],
    restriction: Restriction | None,
    explanation: Mapping[str, Any] | None,
) -> dict[str, Any]:
    from ragmed.answers.json import to_json

    hits = [
        {
            "rank": one.rank,
            "score": one.score,
            "passage_id": one.passage.passage_id,
            "doc_id": one.passage.doc_id,
            "title": one.passage.title,
            "section": one.passage.section,
            "page": one.passage.page,
            "question": one.passage.question,
            "text": one.passage.text,
            "source": one.passage.source,
            "url": one.passage.url,
            "licence": one.passage.licence,
            "published": one.passage.published,
            "retracted": one.passage.meta.get("retracted", ""),
            "ranks_by_retriever": dict(one.ranks_by_retriever),
            **(
                {"scores_by_retriever": _scores(found, row), "signals": dict(one.signals)}
                if explanation is not None
                else {}
            ),
        }
        for row, one in zip(found.ranking.rows.tolist(), evidence, strict=True)
    ]
    return {
        "query": query,
        "index": opened.name,
        **({} if restriction is None else {"restriction": to_json(restriction)}),
        **({} if explanation is None else {"explanation": to_json(explanation)}),
        "hits": hits,
    }


def _explanation(
    opened: Index, found: Found, k: int, retriever: str | None, restriction: Restriction | None
) -> dict[str, Any]:
    """What was searched, in which way, and how far the fusion trusted each retriever for it."""
    alone = next(iter(found.rankings)) if len(found.rankings) == 1 else None
    recipe = opened.recipe
    return {
        "retriever": alone,
        "rewriters": [] if retriever else [table["name"] for table in recipe.queries],
        "searched": [
            {
                **{name: getattr(query, name) for name in ("text", "lexical", "expansions", "rewordings", "documents")},
                "weighing": None if alone else _weigh(opened, query, found, k, restriction),
            }
            for query in found.searched
        ],
        "fusion": None if alone else recipe.fusion["name"],
        "rerankers": [] if retriever else [table["name"] for table in recipe.rerankers],
    }


def _weigh(opened: Index, query: Query, found: Found, k: int, restriction: Restriction | None) -> Weighing | None:
    """The weights that the fusion gave when it searched for ``query``; None where it weighs every query alike."""
    from ragmed.index.searcher import Pipeline

    if len(found.searched) > 1:
        pipeline = opened.pipeline
        depth = max([k, *(reranker.depth for reranker in pipeline.rerankers)])
        [found] = opened.find([query], depth, restriction=restriction, pipeline=Pipeline(pipeline.fusion))
    return opened.weigh(found)


def _scores(found: Found, row: int) -> dict[str, float]:
    """The score of a passage in each retriever's list that it is in."""
    scores = {}
    for name, ranking in found.rankings.items():
        places = (ranking.rows == row).nonzero()[0]
        if len(places):
            scores[name] = float(ranking.scores[places[0]])
    return scores


def _under(restriction: Restriction | None) -> str:
    if restriction is None:
        return ""
    from ragmed.index.restriction import in_words

    return f" with {in_words(restriction)}"


def _print_explanation(explanation: Mapping[str, Any]) -> None:
    searched, rewriters = explanation["searched"], explanation["rewriters"]
    if rewriters:
        print_text(f"Searched instead of the question ({', then '.join(rewriters)}):", "bold")
    for number, query in enumerate(searched, start=1):
        if rewriters:
            _print_query(number, query)
        for text in query["rewordings"]:
            print_text(f"{'   ' if rewriters else ''}or, by words, under another name: {_excerpt(text)}")
        if query["weighing"] is not None:
            _print_weighing(explanation["fusion"], query["weighing"], "   " if rewriters else "")
    if explanation["retriever"]:
        print_text(f"Searched with {explanation['retriever']} alone: nothing is fused.", "bold")
    elif all(query["weighing"] is None for query in searched):
        print_text(f"The fusion {explanation['fusion']} weighs every query alike.", "bold")
    if len(searched) > 1:
        print_text("Below, a retriever's list joins those of these queries; its scores are sums of 1 / (60 + rank).")
    if explanation["rerankers"]:
        print_text(f"Reordered by {', then '.join(explanation['rerankers'])}.", "bold")
    print_text()


def _print_query(number: int, query: Mapping[str, Any]) -> None:
    print_text(f"{number}. {_excerpt(query['text'])}")
    if query["lexical"]:
        print_text(f"   by words: {_excerpt(query['lexical'])}")
    if query["expansions"]:
        print_text("   and words: " + ", ".join(f"{text} (× {weight:g})" for text, weight in query["expansions"]))
    for document in query["documents"]:
        print_text(f"   and as in: {_excerpt(document)}")


def _print_weighing(fusion: str, weighing: Weighing, indent: str) -> None:
    weights = sorted(weighing.weights.items(), key=lambda item: (-item[1], item[0]))
    trust = ", ".join(f"{name} {weight:.2f}" for name, weight in weights)
    print_text(f"{indent}The fusion {fusion} trusts: {trust}", "bold")
    for reason in weighing.reasons:
        print_text(f"{indent}   because {reason}")
    if weighing.features:
        features = ", ".join(f"{name} {value:.4g}" for name, value in weighing.features.items())
        print_text(f"{indent}   from: {features}", "dim")


def _print_hit(evidence: Evidence) -> None:
    passage = evidence.passage
    print_text(f"{evidence.rank}. {reference(passage)}", "bold")
    if retracted := warning(passage):
        print_text(f"   {retracted}", "red")
    print_text(f"   {_excerpt(passage.text)}")


def _print_places(found: Found, row: int, evidence: Evidence) -> None:
    """A line for the score, then one a retriever and one a signal."""
    print_text(f"   score {evidence.score:.4f}", "dim")
    scores = _scores(found, row)
    width = max(map(len, [*found.rankings, *evidence.signals]))
    for name, ranking in found.rankings.items():
        place = (
            f"rank {evidence.ranks_by_retriever[name]}, score {scores[name]:.4f}"
            if name in scores
            else f"not among the {len(ranking):,} it found"
        )
        print_text(f"     {name:{width}}  {place}", "dim")
    for name, value in evidence.signals.items():
        print_text(f"     {name:{width}}  {value:+.4f}", "dim")


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT_CHARS else line[:_EXCERPT_CHARS].rsplit(" ", 1)[0] + " …"


COMMAND = search
