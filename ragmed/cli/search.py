"""``ragmed search``: the passages found for a query, without an answer."""

from __future__ import annotations

import click

from ragmed.cli._options import index_option, json_option
from ragmed.cli._output import print_json, print_text, reference, warning

_EXCERPT_CHARS = 240


@click.command(
    short_help="Show the passages found for a query.",
    epilog="""\b
Examples:
  ragmed search "aortic root aneurysm"
  ragmed search "ectopia lentis" --retriever bm25 -k 3
  ragmed search "fever in children" --index medquad -k 10 --json
""",
)
@click.argument("query")
@index_option
@click.option("-k", type=click.IntRange(1, 1000), default=10, show_default=True, help="Passages to show.")
@click.option("--retriever", metavar="NAME", help="Search with this retriever alone, as bm25 or dense.")
@json_option
def search(query: str, index: str, k: int, retriever: str | None, as_json: bool) -> None:
    """Show the passages found for QUERY, best first, and each retriever's rank for them."""
    from ragmed.api import check_question, open_index

    query = check_question(query)
    opened = open_index(index, preload=True)
    [found] = opened.search([query], k=k, retriever=retriever)
    if as_json:
        hits = [
            {
                "rank": evidence.rank,
                "score": evidence.score,
                "passage_id": evidence.passage.passage_id,
                "doc_id": evidence.passage.doc_id,
                "title": evidence.passage.title,
                "section": evidence.passage.section,
                "page": evidence.passage.page,
                "question": evidence.passage.question,
                "text": evidence.passage.text,
                "source": evidence.passage.source,
                "url": evidence.passage.url,
                "licence": evidence.passage.licence,
                "published": evidence.passage.published,
                "retracted": evidence.passage.meta.get("retracted", ""),
                "ranks_by_retriever": dict(evidence.ranks_by_retriever),
            }
            for evidence in found
        ]
        print_json({"query": query, "index": opened.name, "hits": hits})
        return
    if not found:
        print_text(f"Nothing found in index {opened.name!r}.")
    for evidence in found:
        passage = evidence.passage
        print_text(f"{evidence.rank}. {reference(passage)}", "bold")
        if retracted := warning(passage):
            print_text(f"   {retracted}", "red")
        print_text(f"   {_excerpt(passage.text)}")
        ranks = ", ".join(f"{name} {rank}" for name, rank in evidence.ranks_by_retriever.items())
        print_text(f"   score {evidence.score:.4f}; ranks: {ranks}", "dim")


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT_CHARS else line[:_EXCERPT_CHARS].rsplit(" ", 1)[0] + " …"


COMMAND = search
