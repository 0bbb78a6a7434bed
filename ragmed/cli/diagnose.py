"""``ragmed diagnose``: diseases that may explain findings, and what to ask next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ragmed.cli._options import json_option
from ragmed.cli._output import count, print_json, print_text

if TYPE_CHECKING:
    from ragmed.diagnosing import Diagnoser, Diagnosis, FindingSign, RankedDisease

_HOW = {
    "stated": "",
    "narrower": "as {}",
    "broader": "known as {}",
    "unknown": "not known of it",
    "denied": "denied of it",
    "excluded": "usual, and absent here",
    "excluded as usual": "absent here, as usual",
}


@click.command(
    short_help="Rank diseases by a patient's findings.",
    epilog="""\b
Examples:
  ragmed diagnose "ectopia lentis, arachnodactyly, aortic root aneurysm" --not "intellectual disability"
  ragmed diagnose HP:0001083 HP:0001166 HP:0002616 -k 3 --json
  ragmed diagnose "ptosis and a long philtrum" --diseases ORPHA --html differences.html
  ragmed diagnose --batch cases.jsonl --json > ranked.jsonl

\b
A line of cases.jsonl: {"id": "1", "observed": ["HP:0001083"], "excluded": ["HP:0001249"]}
A line of the output:  {"id": "1", "diseases": [["OMIM:129600", 3.21], …]}
""",
)
@click.argument("told", nargs=-1, metavar="[FINDINGS]...")
@click.option("--not", "excluded", multiple=True, metavar="FINDINGS", help="What the patient has not; may be repeated.")
@click.option("-k", type=click.IntRange(1, 1000), help="Diseases to show.  [default: 5; with --batch 100]")
@click.option("--ask", "n_ask", type=click.IntRange(0, 50), default=5, show_default=True, help="Findings to ask for.")
@click.option("--diseases", default="OMIM", show_default=True, help="Prefix of the diseases' ids, as OMIM or ORPHA.")
@click.option("-g", "--graph", default="default", show_default=True, help="Name of a knowledge graph.")
@click.option(
    "--batch",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Rank diseases for every case of a file of JSON lines.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page that shows in which findings the diseases differ.",
)
@json_option
def diagnose(
    told: tuple[str, ...],
    excluded: tuple[str, ...],
    k: int | None,
    n_ask: int,
    diseases: str,
    graph: str,
    batch: Path | None,
    html: Path | None,
    as_json: bool,
) -> int:
    """Rank diseases by FINDINGS, in plain English or as ids of the Human Phenotype Ontology.

    Each disease comes with the findings that speak for and against it, each with the statement that says so, and with
    the findings to ask or test for next. Only the diseases of the graph are compared, rare ones with the default graph.
    It is no diagnosis. With --batch one JSON object a line is written; exit code 1 where a line could not be read.
    """
    from ragmed.diagnosing import Diagnoser

    if batch is not None:
        if told or excluded or html:
            raise click.UsageError(
                "--batch reads the findings from its file: give neither FINDINGS nor --not nor --html"
            )
        return _batch(batch, Diagnoser(graph, diseases), k or 100)
    if not told:
        raise click.UsageError("name findings, or a file of cases with --batch")
    diagnoser = Diagnoser(graph, diseases)
    diagnosis = diagnoser.diagnose(told, excluded, k=k or 5, n_ask=n_ask)
    if html is not None:
        from ragmed import charts

        html.write_text(charts.page("What tells the diseases apart", diagnoser.page(diagnosis)), encoding="utf-8")
    if as_json:
        from ragmed.answers.json import to_json

        print_json(to_json(diagnosis))
    else:
        _print(diagnosis)
    return 0


def _batch(path: Path, diagnoser: Diagnoser, k: int) -> int:
    from ragmed.diagnosing import diagnose_file

    n_failed = 0
    for line in diagnose_file(path, diagnoser, k):
        print_json(line)
        if "error" in line:
            n_failed += 1
            click.echo(f"ragmed: {path.name}, {line['error']}", err=True)
    if n_failed:
        click.echo(f"ragmed: {count(n_failed, 'case')} without a ranking", err=True)
    return 1 if n_failed else 0


def _print(diagnosis: Diagnosis) -> None:
    for notice in diagnosis.notices:
        print_text(f"Note: {notice}", "yellow")
    print_text("Has: " + "; ".join(f"{one.name} ({one.finding_id})" for one in diagnosis.observed))
    if diagnosis.excluded:
        print_text("Has not: " + "; ".join(f"{one.name} ({one.finding_id})" for one in diagnosis.excluded))
    for rank, disease in enumerate(diagnosis.diseases, start=1):
        print_text()
        print_text(f"{rank}. {disease.name} ({disease.disease_id}), {_percent(disease.probability)}", "bold")
        _print_signs(disease)
    if diagnosis.ask_next:
        print_text()
        print_text("To ask or test for next:", "bold")
        for one in diagnosis.ask_next:
            print_text(f"   {one.name} ({one.finding_id}; {one.bits:.2f} bits): {one.reading}")
    print_text()
    for citation in diagnosis.citations:
        print_text(f"[{citation.marker}] {citation.quote} — {citation.passage_id} — {citation.url}", "dim")
    sources = "; ".join(
        f"{source['title']}{', release ' + source['release'] if source.get('release') else ''}"
        for source in diagnosis.graph_card["sources"]
    )
    print_text(
        f"Probabilities are among the diseases compared, if it is one of them ({sources}). It is no diagnosis.", "dim"
    )


def _print_signs(disease: RankedDisease) -> None:
    for label, signs in (("for", disease.signs_for), ("against", disease.signs_against)):
        if signs:
            print_text(f"   {label + ':':9}" + "; ".join(map(_said, signs)))


def _said(sign: FindingSign) -> str:
    how = _HOW[sign.how].format(sign.through)
    share = "" if not sign.share else f"{_percent(sign.share)} of patients"
    about = ", ".join(part for part in (how, share) if part)
    marks = "".join(f" [{marker}]" for marker in sign.markers)
    return f"{sign.name}{f' ({about})' if about else ''}{marks}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else "under 1 %"


COMMAND = diagnose
