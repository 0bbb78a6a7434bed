"""What the trainings of encoders and rerankers share: arguments of the trainer, checkpoints, progress.

The trainers are those of sentence-transformers (https://www.sbert.net/docs/sentence_transformer/training_overview.html)
on top of transformers' ``Trainer``. A checkpoint is kept at every tenth of the steps; a training that was stopped goes
on from the last whole one, with the optimizer's state, the order of the data and the random numbers.
"""

from __future__ import annotations

import importlib
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragmed.errors import EncoderError, MissingExtra, StorageError
from ragmed.protocols import Progress
from ragmed.storage import storage_errors
from ragmed.training.settings import Settings

_CHECKPOINTS = 10
_WARM_UP = 0.1
_LAST_WRITTEN = "trainer_state.json"


def load_packages() -> None:
    """Load the packages that training needs. Raises `MissingExtra` where one is not installed."""
    for package in ("torch", "sentence_transformers", "datasets", "accelerate"):
        try:
            importlib.import_module(package)
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or package, "train") from error
    # Bars of transformers' own at every loading of a model; `Progress` shows what goes on.
    importlib.import_module("transformers.utils.logging").disable_progress_bar()


def seed_everything(seed: int) -> None:
    """Seed Python, numpy and torch, so that a head made anew is the same each time."""
    from transformers import set_seed

    set_seed(seed)


def options(settings: Settings, checkpoints: Path, n_examples: int) -> dict[str, Any]:
    """Arguments for either kind of ``TrainingArguments``."""
    n_steps = settings.epochs * math.ceil(n_examples / settings.batch_size)
    return {
        "output_dir": str(checkpoints),
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": settings.batch_size,
        "learning_rate": settings.lr,
        "warmup_steps": math.ceil(_WARM_UP * n_steps),
        "seed": settings.seed,
        "data_seed": settings.seed,
        "use_cpu": settings.device == "cpu",
        "save_strategy": "steps",
        "save_steps": max(1, n_steps // _CHECKPOINTS),
        "save_total_limit": 2,
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }


def without_model_card(trainer: type[Any]) -> type[Any]:
    """The trainer, less the collecting of examples and facts for a model card: `ragmed.training.run` writes its own."""

    class Trainer(trainer):  # type: ignore[misc]
        def add_model_card_callback(self, default_args_dict: Any) -> None:
            """Add none."""

    return Trainer


def fit(trainer: Any, checkpoints: Path, progress: Progress) -> int:
    """Train, from the last checkpoint where there is one; return the number of steps.

    Raises:
        EncoderError: a loss that is not a number.
        StorageError: a checkpoint cannot be written.
    """
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)  # it prints to standard output
    trainer.add_callback(_shows(progress))
    # sentence-transformers writes a model card into every checkpoint, which may ask the hub about the base model.
    trainer.model._create_model_card = lambda *_, **__: None
    with storage_errors(checkpoints):
        done = trainer.train(resume_from_checkpoint=last_checkpoint(checkpoints))
    del trainer.model._create_model_card
    if not math.isfinite(done.training_loss):
        raise EncoderError(f"training diverged (loss {done.training_loss}); take a lower learning rate with --lr")
    return int(done.global_step)


def last_checkpoint(checkpoints: Path) -> str | None:
    """The folder of the latest checkpoint that was written to its end; None: there is none."""
    whole = [path.parent for path in checkpoints.glob(f"checkpoint-*/{_LAST_WRITTEN}")]
    return str(max(whole, key=lambda path: int(path.name.rsplit("-", 1)[1]))) if whole else None


@contextmanager
def saving(destination: Path) -> Iterator[Path]:
    """A folder to save a model in, which takes the place of ``destination`` once that is done."""
    partial = destination.with_name(f".{destination.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with storage_errors(destination):
        yield partial
        if destination.exists():
            raise StorageError(f"{destination}: is there already; remove it or choose another folder")
        os.replace(partial, destination)


def _shows(progress: Progress) -> Any:
    from transformers import TrainerCallback

    class Shows(TrainerCallback):  # type: ignore[misc, unused-ignore]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress(state.global_step, state.max_steps)

    return Shows()
