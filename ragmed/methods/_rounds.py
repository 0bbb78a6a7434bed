"""Runs the routines of `ragmed.methods._steps` in rounds: what they want is told here, and how it is got."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Generator as Routine
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

from ragmed.errors import GeneratorError, RecipeError
from ragmed.protocols import Generator, HasWindow, Reader, Retrieve, ScoresContinuations
from ragmed.types import Answer, Completion, Evidence, Message, Notice, Prompt, Query, Usage

_T = TypeVar("_T")
Words: TypeAlias = Callable[[tuple[Evidence, ...]], tuple[Message, ...]]
"""Evidence, as much as there is room for, to the words of a prompt."""

REPLY_TOKENS = 1024
"""Room kept for a reply in a window, where the prompt does not say how long it may be."""


@dataclass(frozen=True, slots=True)
class Search:
    """Find ``k`` passages for what a query says; its options and history are not shown to retrieval."""

    query: Query
    k: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the language model, ``n`` times where ``temperature`` is above 0; ``step`` names it in the trace.

    ``is_answer``: the reply is to be an answer from the evidence, which a generator that reads by itself can give too.
    ``is_optional``: such a generator is not asked, and None is sent.
    """

    step: str
    query: Query
    words: Words
    evidence: tuple[Evidence, ...] = ()
    temperature: float = 0.0
    n: int = 1
    max_tokens: int = 0
    is_answer: bool = False
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """Ask how likely the model finds each continuation of a prompt."""

    step: str
    query: Query
    words: tuple[Message, ...]
    continuations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What came of an `Ask`: a completion for each time it was asked, and the evidence that was shown."""

    completions: tuple[Completion, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """Wants that do not wait for each other; what is sent is a tuple with what came of each."""

    wants: tuple[Want, ...]


Want: TypeAlias = Search | Ask | Score | Several
Steps: TypeAlias = Routine[Want, Any, _T]


def answer_all(
    method: str,
    solve: Callable[[Query], Steps[Answer]],
    queries: Sequence[Query],
    retrieve: Retrieve,
    generator: Generator,
) -> list[Answer]:
    """An answer to each query, in order.

    Args:
        method: the method's name, for messages.
        solve: the routine that answers one question.
        queries, retrieve, generator: as in `ragmed.protocols.Method.answer`.

    Raises:
        RecipeError: the method asks a language model and the generator reads evidence by itself.
    """
    runs = [_Run(solve(query)) for query in queries]
    for run in runs:
        run.advance(None)
    while waiting := [run for run in runs if run.want is not None]:
        singles = [(run, want) for run in waiting for want in _singles(run.want)]
        outcomes: dict[int, Any] = {}  # by place among the singles
        _search_all(singles, outcomes, retrieve)
        _ask_all(singles, outcomes, generator, method)
        _score_all(singles, outcomes, generator, method)
        came = iter([outcomes[place] for place in range(len(singles))])
        for run in waiting:
            run.advance(_assembled(run.want, came))
    return [run.finished() for run in runs]


@dataclass
class _Run:
    """One question on its way."""

    routine: Steps[Answer]
    want: Want | None = None
    answer: Answer | None = None
    trace: list[dict[str, Any]] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    n_left_out: int = 0

    def advance(self, outcome: Any) -> None:
        try:
            self.want = self.routine.send(outcome)
        except StopIteration as stop:
            self.want, self.answer = None, stop.value

    def note_told(self, want: Ask, prompts: Sequence[Prompt], told: Sequence[Completion]) -> None:
        n_prompt, n_completion = sum(c.n_prompt_tokens for c in told), sum(c.n_completion_tokens for c in told)
        self.usage = replace(
            self.usage,
            n_calls=self.usage.n_calls + len(prompts),
            n_prompt_tokens=self.usage.n_prompt_tokens + n_prompt,
            n_completion_tokens=self.usage.n_completion_tokens + n_completion,
            prompts=(*self.usage.prompts, *map(_hash, prompts)),
        )
        errors = [c.error for c in told if c.error]
        self.trace.append(
            {"step": want.step, "n_sources": len(prompts[0].evidence), "n_prompt_tokens": n_prompt}
            | ({"n_samples": len(prompts)} if len(prompts) > 1 else {})
            | ({"errors": errors} if errors else {})
        )

    def finished(self) -> Answer:
        assert self.answer is not None
        notices = self.answer.notices
        if self.n_left_out:
            passages = "passage was" if self.n_left_out == 1 else "passages were"
            told = f"{self.n_left_out} {passages} left out of a prompt: the model's window has no room for more."
            notices = (*notices, Notice("left_out", told))
        return replace(self.answer, trace=(*self.trace, *self.answer.trace), usage=self.usage, notices=notices)


def _singles(want: Want | None) -> Iterator[Search | Ask | Score]:
    if isinstance(want, Several):
        for one in want.wants:
            yield from _singles(one)
    elif want is not None:
        yield want


def _assembled(want: Want | None, came: Iterator[Any]) -> Any:
    """What came of a want, in the want's own shape."""
    return tuple(_assembled(one, came) for one in want.wants) if isinstance(want, Several) else next(came)


def _search_all(
    singles: Sequence[tuple[_Run, Search | Ask | Score]], outcomes: dict[int, Any], retrieve: Retrieve
) -> None:
    wants = [(place, run, want) for place, (run, want) in enumerate(singles) if isinstance(want, Search)]
    for k in sorted({want.k for _, _, want in wants}):
        own = [(place, run, want) for place, run, want in wants if want.k == k]
        started = time.perf_counter()
        # Retrieval sees what is searched for, never the options or what was said before.
        bare = [replace(want.query, options=None, history=(), notes=()) for _, _, want in own]
        found = retrieve(bare, k)
        lasted = time.perf_counter() - started
        for (place, run, want), evidence in zip(own, found, strict=True):
            run.trace.append({"step": "retrieve", "query": want.query.text, "k": k, "n_passages": len(evidence)})
            outcomes[place] = evidence
        _add_time((run for _, run, _ in own), retrieval_s=lasted)


def _ask_all(
    singles: Sequence[tuple[_Run, Search | Ask | Score]],
    outcomes: dict[int, Any],
    generator: Generator,
    method: str,
) -> None:
    wants = [(place, run, want) for place, (run, want) in enumerate(singles) if isinstance(want, Ask)]
    if isinstance(generator, Reader):
        if not all(want.is_answer or want.is_optional for _, _, want in wants):
            raise _needs_a_model(method)
        outcomes.update({place: None for place, _, want in wants if not want.is_answer})
        wants = [(place, run, want) for place, run, want in wants if want.is_answer]
    if not wants:
        return
    asked: list[list[Prompt]] = []
    for _, run, want in wants:
        messages, evidence = _fitted(want, generator)
        run.n_left_out = max(run.n_left_out, len(want.evidence) - len(evidence))
        asked.append(
            [
                Prompt(want.query, evidence, messages, want.temperature, n, want.max_tokens)
                for n in range(max(1, want.n))
            ]
        )
    started = time.perf_counter()
    completions = iter(generator.complete([prompt for prompts in asked for prompt in prompts]))
    lasted = time.perf_counter() - started
    for (place, run, want), prompts in zip(wants, asked, strict=True):
        told = Told(tuple(next(completions) for _ in prompts), prompts[0].evidence)
        run.note_told(want, prompts, told.completions)
        outcomes[place] = told
    _add_time((run for _, run, _ in wants), generation_s=lasted)


def _score_all(
    singles: Sequence[tuple[_Run, Search | Ask | Score]],
    outcomes: dict[int, Any],
    generator: Generator,
    method: str,
) -> None:
    wants = [(place, run, want) for place, (run, want) in enumerate(singles) if isinstance(want, Score)]
    if not wants:
        return
    if isinstance(generator, Reader):
        raise _needs_a_model(method)
    outcomes.update({place: None for place, _, _ in wants})
    if not isinstance(generator, ScoresContinuations):
        return
    prompts = [Prompt(want.query, (), want.words) for _, _, want in wants]
    started = time.perf_counter()
    try:
        scores = generator.score(prompts, [want.continuations for _, _, want in wants])
    except GeneratorError as error:
        for _, run, want in wants:
            run.trace.append({"step": want.step, "errors": [str(error)]})
        return
    lasted = time.perf_counter() - started
    for (place, run, want), prompt, told in zip(wants, prompts, scores, strict=True):
        run.usage = replace(run.usage, n_calls=run.usage.n_calls + 1, prompts=(*run.usage.prompts, _hash(prompt)))
        run.trace.append({"step": want.step, "log_probabilities": dict(zip(want.continuations, told, strict=True))})
        outcomes[place] = told
    _add_time((run for _, run, _ in wants), generation_s=lasted)


def _add_time(runs: Iterable[_Run], *, retrieval_s: float = 0.0, generation_s: float = 0.0) -> None:
    """Count it once for each run, however many of its wants there are."""
    for run in {id(run): run for run in runs}.values():
        used = run.usage
        run.usage = replace(
            used, retrieval_s=used.retrieval_s + retrieval_s, generation_s=used.generation_s + generation_s
        )


def _fitted(want: Ask, generator: Generator) -> tuple[tuple[Message, ...], tuple[Evidence, ...]]:
    """The words and as much of the evidence as the model's window has room for."""
    evidence = want.evidence
    messages = want.words(evidence)
    if isinstance(generator, HasWindow) and generator.context_tokens:
        room = generator.context_tokens - (want.max_tokens or min(REPLY_TOKENS, generator.context_tokens // 2))
        low, high = 0, len(evidence)
        if generator.count_tokens(messages) > room:
            while low < high:  # the largest number of sources that fit
                middle = (low + high + 1) // 2
                if generator.count_tokens(want.words(evidence[:middle])) <= room:
                    low = middle
                else:
                    high = middle - 1
            evidence = evidence[:low]
            messages = want.words(evidence)
    return messages, evidence


def _hash(prompt: Prompt) -> str:
    """SHA-256 of the words of a prompt, or, where it has none, of its question and the ids of its evidence."""
    content: Any = [[message.role, message.content] for message in prompt.messages]
    if not content:
        content = [prompt.query.text, [item.passage.passage_id for item in prompt.evidence]]
    return hashlib.sha256(json.dumps([content, prompt.temperature, prompt.sample]).encode()).hexdigest()


def _needs_a_model(method: str) -> RecipeError:
    return RecipeError(
        f"methods/{method}: needs a language model, and the generator answers from evidence by itself; name one, "
        'as in: --generator openai_chat, or generator = {name = "openai_chat", …} in the recipe'
    )
