"""A training from pairs to figures, in a folder of its own; started again, it goes on where it was.

<out>/
  pairs.jsonl       what is learnt from and what is held out, with negatives, to look at
  held_out.jsonl    the held-out queries with their figures before and after
  training.json     the card: settings, data, base model, versions, figures
  model/            the trained model, for a recipe
  checkpoints/      while it trains
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ragmed import __version__, catalog
from ragmed.api import open_index
from ragmed.errors import DamagedFile, MissingFile, RecipeError
from ragmed.hub import identity
from ragmed.index.open import Index
from ragmed.json_lines import objects
from ragmed.report import Report
from ragmed.sources import StageProgress
from ragmed.storage import locked
from ragmed.training import encoder, reranker, trainer
from ragmed.training.held_out import compare, encoder_figures, encoder_passages, reranker_figures
from ragmed.training.negatives import candidates, mine
from ragmed.training.pairs import Pair, normal, read_pairs, write_pairs, write_whole
from ragmed.training.pool import Pool, index_pool, texts_pool
from ragmed.training.settings import Settings
from ragmed.training.sources import asking, pairs_of_file, pairs_of_index, reading
from ragmed.training.split import split_by_document

_NOT_OF_PAIRS = (
    "model",
    "base",
    "epochs",
    "batch_size",
    "lr",
    "max_tokens",
    "loss",
    "preset",
    "query_prefix",
    "passage_prefix",
    "pool",
    "device",
)
"""Settings that the pairs and their negatives do not depend on."""
_PACKAGES = ("torch", "transformers", "sentence-transformers", "datasets", "accelerate", "numpy")


def train(settings: Settings, out: Path, *, dry_run: bool = False, progress: StageProgress) -> dict[str, Any]:
    """Make pairs, measure, train, measure again; return the card. ``dry_run`` stops once the pairs are written.

    A folder that holds the card of a finished training of the same settings and data is left as it is.

    Raises:
        RecipeError: the folder holds another training, or there is nothing to learn from.
        MissingExtra: a package is not installed; not in a dry run.
        EncoderError: the base model cannot be loaded or trained.
        UnknownName, IndexFault, DamagedFile: the index or the file of pairs cannot be used.
        IndexBusy: another process is training in the folder.
    """
    if not dry_run:
        trainer.load_packages()
    if settings.model == "encoder":
        encoder.trainable_preset(settings)
    index = open_index(settings.index) if settings.index else None
    with locked(out, f"{out}: another process is training there"):
        card = _card(settings, out, index)
        if card["finished"]:
            return card
        with _pool(settings, index) as pool:
            pairs = _prepared(settings, out, index, pool, card, progress)
            return card if dry_run else _trained(settings, out, pairs, pool, card, progress)


def recipe_lines(card: Mapping[str, Any], out: Path) -> list[str]:
    """The lines of an index recipe that use the trained model."""
    model = json.dumps(str((out / "model").absolute()), ensure_ascii=False)
    if card["settings"]["model"] == "encoder":
        return ["[[retrievers]]", 'name = "dense"', f'encoder = {{name = "sentence_transformers", model = {model}}}']
    return ["[[rerankers]]", 'name = "cross_encoder"', f"model = {model}"]


def _card(settings: Settings, out: Path, index: Index | None) -> dict[str, Any]:
    """The card that is there, or a new one. Raises `RecipeError` where it is another training's."""
    data = {
        "index_id": "" if index is None else index.manifest.index_id,
        "pairs_sha256": _sha256(Path(settings.pairs)) if settings.pairs else "",
    }
    path = out / "training.json"
    if not path.is_file():
        if out.is_dir() and any(not item.name.startswith(".") for item in out.iterdir()):
            raise RecipeError(f"{out}: holds other files; choose a new folder with --out")
        return {"settings": settings.table(), "data": data, "finished": False}
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        there = {**card["settings"], **card["data"]}
        finished = card["finished"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFile(f"{path}: not the card of a training; choose another folder with --out") from error
    wanted = {**json.loads(json.dumps(settings.table())), **data}
    # What is done with the pairs may change for as long as nothing has been done with them.
    free = () if "base" in card else _NOT_OF_PAIRS
    other = next((key for key in wanted if key not in free and wanted[key] != there.get(key)), None)
    if other is not None:
        raise RecipeError(
            f"{out}: holds a training with another {other} ({there.get(other)!r}, not {wanted[other]!r}); "
            f"{'choose another folder' if finished else 'go on with that, or choose another folder'} with --out"
        )
    return card | {"settings": settings.table()}


@contextlib.contextmanager
def _pool(settings: Settings, index: Index | None) -> Iterator[Pool]:
    """What is searched for negatives: the index or, without one, the texts of the file of pairs."""
    if index is not None:
        kind = None if settings.pairs else settings.queries
        yield index_pool(index, settings.retriever or None, reading(kind), asking(kind))
        return
    if settings.retriever not in ("", "bm25"):
        raise RecipeError("without an index, negatives are searched with bm25; name an index with --index")
    pairs = _from_file(settings, None, Report())
    passages = {pair.positive.passage_id: pair.positive for pair in pairs}
    for pair in pairs:
        passages.update({negative.passage.passage_id: negative.passage for negative in pair.negatives})
    with texts_pool(list(passages.values())) as pool:
        yield pool


def _prepared(
    settings: Settings, out: Path, index: Index | None, pool: Pool, card: dict[str, Any], progress: StageProgress
) -> list[Pair]:
    """The pairs with split and negatives, from the file or made and written to it; counts go onto the card."""
    path = out / "pairs.jsonl"
    if not path.is_file():
        report = Report()
        made = _distinct(_collected(settings, index, report), report)
        made = split_by_document(made, settings.held_out, settings.seed)
        made = mine(made, pool, settings.mining(), partial(progress, "negatives"))
        made = candidates(made, pool, settings.depth, partial(progress, "candidates"))
        card["report"] = report.table()
        write_pairs(path, made)
    done = read_pairs(path)
    train = [pair for pair in done if pair.split == "train"]
    held_out = [pair for pair in done if pair.split == "held_out"]
    negatives = [negative for pair in train for negative in pair.negatives]
    card["pairs"] = {
        "n_train": len(train),
        "n_held_out": len(held_out),
        "n_documents_train": len({pair.positive.doc_id for pair in train}),
        "n_documents_held_out": len({pair.positive.doc_id for pair in held_out}),
        "n_negatives_found": sum(negative.rank > 0 for negative in negatives),
        "n_negatives_given_or_random": sum(negative.rank == 0 for negative in negatives),
        "searched": pool.name,
        "sha256": _sha256(path),
    }
    _write_card(out, card)
    return done


def _collected(settings: Settings, index: Index | None, report: Report) -> list[Pair]:
    if index is None or settings.pairs:
        return _from_file(settings, index, report)
    generator = None
    if settings.queries == "generated" and settings.generator:
        generator = catalog.make("generators", settings.generator, "--generator")
    return pairs_of_index(
        index,
        settings.queries,
        max_pairs=settings.max_pairs,
        seed=settings.seed,
        report=report,
        generator=generator,
    )


def _from_file(settings: Settings, index: Index | None, report: Report) -> list[Pair]:
    return pairs_of_file(Path(settings.pairs), index, max_pairs=settings.max_pairs, seed=settings.seed, report=report)


def _distinct(pairs: Sequence[Pair], report: Report) -> list[Pair]:
    """Each query with a passage once, on one line, ids unique."""
    seen: set[tuple[str, str]] = set()
    ids: set[str] = set()
    kept = []
    for pair in pairs:
        key = (normal(pair.query), pair.positive.passage_id)
        if key in seen:
            report.skip("the same pair again", pair.query_id)
            continue
        seen.add(key)
        query_id, n = pair.query_id, 1
        while query_id in ids:
            n += 1
            query_id = f"{pair.query_id}-{n}"
        ids.add(query_id)
        kept.append(replace(pair, query_id=query_id, query=" ".join(pair.query.split())))
    return kept


def _trained(
    settings: Settings, out: Path, pairs: list[Pair], pool: Pool, card: dict[str, Any], progress: StageProgress
) -> dict[str, Any]:
    base = identity(settings.base, "") or settings.base
    if card.setdefault("base", base) != base:
        raise RecipeError(
            f"{out}: was begun with another base model ({card['base']}, not {base}); choose another --out"
        )
    card["versions"] = {
        "ragmed": __version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
    }
    _write_card(out, card)
    before = _known_figures(out / "held_out.jsonl")
    if not before:
        trainer.seed_everything(settings.seed)
        before = _figures(settings, settings.base, pairs, pool, partial(progress, "before"))
        _write_figures(out, pairs, before, {})
    fit = encoder.train_encoder if settings.model == "encoder" else reranker.train_reranker
    if not (out / "model").is_dir():
        card["training"] = fit(settings, pairs, out / "model", out / "checkpoints", partial(progress, "train"))
        _write_card(out, card)
    after = _figures(settings, str(out / "model"), pairs, pool, partial(progress, "after"))
    _write_figures(out, pairs, before, after)
    card["figures"] = {"measure": "nDCG@10", **compare(before, after, settings.seed).table()}
    card["finished"] = True
    _write_card(out, card)
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    return card


def _figures(settings: Settings, model: str, pairs: list[Pair], pool: Pool, progress: Any) -> dict[str, float]:
    if settings.model == "reranker":
        # Deep enough for all that was found and all that answers.
        table = {**reranker.recipe_table(settings), "model": model, "depth": settings.depth + len(pairs)}
        return reranker_figures(catalog.make("rerankers", table, "training"), pairs, progress)
    # The trained model's files hold preset and prefixes.
    table = encoder.recipe_table(settings if model == settings.base else replace(_plain(settings), base=model))
    passages = encoder_passages(pairs, pool, settings.pool, settings.seed)
    return encoder_figures(catalog.make("encoders", table, "training"), pairs, passages, progress)


def _plain(settings: Settings) -> Settings:
    return replace(settings, preset="", query_prefix=None, passage_prefix=None)


def _known_figures(path: Path) -> dict[str, float]:
    if not path.is_file():
        return {}
    return {str(row["query_id"]): float(row["before"]) for _, row in objects(path)}


def _write_figures(out: Path, pairs: Sequence[Pair], before: Mapping[str, float], after: Mapping[str, float]) -> None:
    rows = [
        {
            "query_id": pair.query_id,
            "query": pair.query,
            "doc_id": pair.positive.doc_id,
            "before": before[pair.query_id],
            "after": after.get(pair.query_id),
        }
        for pair in pairs
        if pair.query_id in before
    ]
    write_whole(out / "held_out.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _write_card(out: Path, card: Mapping[str, Any]) -> None:
    write_whole(out / "training.json", json.dumps(card, ensure_ascii=False, indent=2) + "\n")


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise MissingFile(f"{path}: no such file of pairs")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
