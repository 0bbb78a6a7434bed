"""``ragmed train reranker``: fine-tune a cross-encoder."""

from __future__ import annotations

from typing import Any

import click

from ragmed.cli.train._training import train_and_print, training_options


@click.command(
    short_help="Fine-tune a reranker on your own texts.",
    epilog="""\b
Examples:
  ragmed train reranker --index guidelines --queries cloze --base ncbi/MedCPT-Cross-Encoder --out ./trained
  ragmed train reranker --pairs pairs.jsonl --index guidelines --base ./model --out ./trained --loss lambda
""",
)
@training_options
@click.option(
    "--loss",
    type=click.Choice(["bce", "lambda"]),
    default="bce",
    show_default=True,
    help="Of each passage (binary cross-entropy), or of the whole list (LambdaLoss).",
)
@click.option(
    "--depth", type=click.IntRange(1, 1000), default=30, show_default=True, help="Hits ordered when measuring."
)
def reranker(**options: Any) -> None:
    """Fine-tune the cross-encoder MODEL so that it puts first what answers.

    A model without a reranker's head gets a new one. Everything else is as for "ragmed train encoder".
    """
    train_and_print("reranker", **options)


COMMAND = reranker
