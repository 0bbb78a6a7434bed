"""``ragmed train encoder``: fine-tune the encoder of a dense retriever."""

from __future__ import annotations

from typing import Any

import click

from ragmed.cli.train._training import train_and_print, training_options


@click.command(
    short_help="Fine-tune an encoder on your own texts.",
    epilog="""\b
Examples:
  ragmed train encoder --index guidelines --queries titles --base ./all-MiniLM-L6-v2 --out ./trained
  ragmed train encoder --index medquad --base BAAI/bge-small-en-v1.5 --out ./trained --max-pairs 2000
  ragmed train encoder --pairs pairs.jsonl --index guidelines --base ./model --out ./trained --dry-run
""",
)
@training_options
@click.option("--preset", default="", metavar="MODEL", help="Read texts as that well-known model does.")
@click.option("--query-prefix", metavar="TEXT", help="What stands before a query.  [default: as the base model]")
@click.option("--passage-prefix", metavar="TEXT", help="What stands before a passage.  [default: as the base model]")
@click.option(
    "--pool", type=click.IntRange(10), default=2000, show_default=True, help="Passages searched when measuring."
)
def encoder(**options: Any) -> None:
    """Fine-tune the encoder MODEL so that it finds the passages of an index, or of your own pairs.

    Learnt from are queries with their passages, and hard negatives: passages that the index's own search finds and
    that do not answer. Some documents are held out, and nDCG@10 of their queries is measured before and after: where
    it is not better, that is said. Interrupted, it goes on where it was when it is run again.
    """
    train_and_print("encoder", **options)


COMMAND = encoder
