"""``ragmed graph extract``: statements out of texts, as a file that a graph can be made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ragmed.cli._options import component_table, json_option
from ragmed.cli._output import count, print_json, print_text
from ragmed.cli._progress import progress_bars
from ragmed.cli.graph._graph import graph_option, opened

if TYPE_CHECKING:
    from ragmed.graph.extraction import Reading
    from ragmed.graph.integration import Conflict
    from ragmed.graph.ledger import Ledger
    from ragmed.graph.linking import Linker
    from ragmed.graph.store import Graph
    from ragmed.graph.triples_file import Written
    from ragmed.types import Edge, Passage

_SHOWN = 10
"""Conflicts that are printed."""
_AT_ONCE = 16
"""Passages asked for in one call of a language model, and between two signs of progress."""


def _table(_: click.Context, __: click.Parameter, value: str | None) -> dict[str, Any] | None:
    return None if value is None else component_table(value, "generator")


@click.command(
    short_help="Extract statements from texts.",
    epilog="""\b
Examples:
  ragmed graph extract pubmedqa --out pubmedqa.jsonl
  ragmed graph extract pubmedqa --limit 100 --generator openai_chat:model=llama3 --out read.jsonl

\b
A graph made of them has in its recipe:
  [[sources]]
  name = "extracted"
  reader = "triples"
  licence = "that of the texts"
  [[sources.files]]
  name = "triples"
  path = "pubmedqa.jsonl"
  folder = "/where/it/lies"
""",
)
@click.argument("index_or_corpus")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.jsonl",
    help="The file of statements; what was read is remembered beside it, in FILE.jsonl.read.",
)
@graph_option
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N passages.")
@click.option(
    "--generator",
    callback=_table,
    metavar="NAME[:KEY=VALUE,…]",
    help="A language model that reads them.  [default: lexical patterns and what is named together]",
)
@click.option("--replies", type=click.IntRange(1, 100), default=5, show_default=True, help="Of the model, a passage.")
@click.option("--support", type=click.IntRange(2), default=5, show_default=True, help="Documents that name a pair.")
@click.option(
    "--resume/--restart", default=True, show_default=True, help="Go on with what was read before, or begin anew."
)
@json_option
def extract(
    index_or_corpus: str,
    out: Path,
    graph: str,
    limit: int | None,
    generator: dict[str, Any] | None,
    replies: int,
    support: int,
    resume: bool,
    as_json: bool,
) -> int:
    """Read the passages of INDEX_OR_CORPUS and write the statements that they make about things of the graph.

    An index is taken by that name, else a built corpus, whose documents are read whole. Each statement has its
    sentence, passage, date and confidence. Statements that several documents make reinforce each other; of two that
    contradict each other the later stands where it is sure enough, and both stay in the file. Only passages that were
    not read before are read: run it again after an interruption, or when texts were added.
    """
    from ragmed.graph.ledger import Ledger
    from ragmed.graph.linking import Linker
    from ragmed.graph.triples_file import write_triples
    from ragmed.storage import locked

    total, passages = _passages(index_or_corpus)
    total = min(total, limit or total)
    known = opened(graph)
    memory = out.with_name(out.name + ".read")
    if out.exists() and out.stat().st_size and not memory.exists():
        raise click.UsageError(f"{out} is there and was not written by this command; name another file, or remove it")
    with locked(out, f"{out}: another process is writing it"):
        if not resume:
            memory.unlink(missing_ok=True)
        ledger = Ledger(memory, _made_with(known, generator, replies))
        n_before = len(ledger)
        read = _reader(known, Linker(known), generator, replies)
        problems, is_interrupted = _read_into(ledger, islice(passages, total), total, read)
        written = write_triples(out, ledger.readings(), known, least_support=support)
    if as_json:
        print_json(_as_table(written, out, len(ledger), len(ledger) - n_before, problems, is_interrupted))
    else:
        _print(written, out, len(ledger), len(ledger) - n_before)
    for problem in problems[:_SHOWN]:
        click.echo(f"ragmed: not read: {problem}", err=True)
    if is_interrupted or problems:
        left = "interrupted" if is_interrupted else f"{count(len(problems), 'passage')} not read"
        click.echo(f"ragmed: {left}; what was read is kept; to go on, run the same command without --restart", err=True)
    return 130 if is_interrupted else 1 if problems else 0


def _read_into(
    ledger: Ledger, passages: Iterable[Passage], total: int, read: Callable[[Sequence[Passage]], list[Reading]]
) -> tuple[list[str], bool]:
    """Read what the ledger does not hold; which passages could not be read and why, and whether it was interrupted."""
    problems: list[str] = []
    done = 0
    with progress_bars() as progress:
        try:
            for some in _batches(passages):
                new = [passage for passage in some if not ledger.holds(passage)]
                for passage, reading in zip(new, read(new), strict=True):
                    if reading.problem:
                        problems.append(f"{passage.passage_id}: {reading.problem}")
                    else:
                        ledger.add(passage, reading)
                done += len(some)
                progress("read", done, total)
        except KeyboardInterrupt:
            return problems, True
    return problems, False


def _passages(name: str) -> tuple[int, Iterable[Passage]]:
    """How many passages an index or corpus has, and they."""
    from ragmed import api, catalog
    from ragmed.collection.build import open_corpus
    from ragmed.errors import NoCorpus, NoIndex, UnknownName

    try:
        index = api.open_index(name)
    except (UnknownName, NoIndex) as no_index:
        try:
            corpus = open_corpus(name)
        except (UnknownName, NoCorpus):
            raise no_index from None
        whole = catalog.make("passages", {"name": "whole"}, "passages")
        return len(corpus), (passage for document in corpus for passage in whole.split(document))
    return len(index.passages), index.passages


def _batches(passages: Iterable[Passage]) -> Iterator[list[Passage]]:
    waiting = iter(passages)
    while some := list(islice(waiting, _AT_ONCE)):
        yield some


def _made_with(graph: Graph, generator: dict[str, Any] | None, replies: int) -> dict[str, Any]:
    from ragmed.answerer import settings_of
    from ragmed.graph.patterns import VERSION

    by: dict[str, Any] = {"patterns": VERSION}
    if generator is not None:
        by = {"generator": settings_of(generator), "replies": replies}
    return {"graph": graph.graph_id, **by}


def _reader(
    graph: Graph, linker: Linker, generator: dict[str, Any] | None, replies: int
) -> Callable[[Sequence[Passage]], list[Reading]]:
    """A function from passages to what is found in each."""
    from ragmed import catalog
    from ragmed.graph.extraction import read_passage

    if generator is not None:
        from ragmed.graph.med_kgent import Extractor

        return Extractor(catalog.make("generators", generator, "generator"), graph, linker, replies).read

    def read(passages: Sequence[Passage]) -> list[Reading]:
        return [read_passage(passage, graph, linker) for passage in passages]

    return read


def _as_table(
    written: Written, out: Path, n_read: int, n_new: int, problems: list[str], is_interrupted: bool
) -> dict[str, Any]:
    from ragmed.answers.json import to_json

    return {
        "out": str(out),
        "n_passages": n_read,
        "n_new": n_new,
        "n_stated": written.n_stated,
        "n_together": written.n_together,
        "conflicts": [to_json(conflict) for conflict in written.conflicts],
        "problems": problems,
        "interrupted": is_interrupted,
    }


def _print(written: Written, out: Path, n_read: int, n_new: int) -> None:
    print_text(
        f"{out}: {count(written.n_stated, 'statement')} of sentences and {count(written.n_together, 'pair')} named "
        f"together, from {count(n_read, 'passage')} ({n_new:,} new)"
    )
    if written.conflicts:
        print_text(f"{count(len(written.conflicts), 'conflict')}:", "bold")
    for conflict in written.conflicts[:_SHOWN]:
        print_text(_conflict_line(conflict))
    if len(written.conflicts) > _SHOWN:
        print_text(f"and {len(written.conflicts) - _SHOWN:,} more: see --json")


def _conflict_line(conflict: Conflict) -> str:
    outcome = "stands against" if conflict.is_settled else "is told beside"
    return f"  {_in_words(conflict.stands)} {outcome} {_in_words(conflict.other)}"


def _in_words(edge: Edge) -> str:
    denied = "not " if edge.negated else ""
    date = f", {edge.date}" if edge.date else ""
    return f"{edge.subject} {denied}{edge.predicate} {edge.object} ({edge.confidence:.2f}{date})"


COMMAND = extract
