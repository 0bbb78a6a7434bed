"""What would have to be found for a question to be answered, said in one sentence when it is not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ragmed.analysis.questions import asks_leave, aspects_of, kind_of, kind_wanted, leave_terms, topic_terms
from ragmed.analysis.terms import STOP_WORDS, terms
from ragmed.analysis.wording import listed
from ragmed.types import Evidence, Query

_TELLS: Mapping[str, str] = {
    "treatment": "speaks of treatment",
    "dose": "states a dose",
    "cost": "states the cost",
    "prevention": "speaks of prevention",
    "frequency": "states how many or how often",
    "trials": "reports a trial",
    "logistics": "lists local services",
    "side effect": "states side effects or interactions",
    "diagnosis": "says how it is diagnosed",
    "inheritance": "states how it is inherited",
    "onset": "states when it begins",
    "synonym": "gives other names",
    "findings": "describes findings",
    "prognosis": "reports the outcome",
    "origin": "tells the origin",
}
_VAGUE = frozenset(
    """
    action actions answer asked based condition conditions consist consists contained contains database disease
    diseases disorder disorders exist exists feasible function functions genetically good important involved
    known level levels long measure mechanism mechanisms method methods molecule name number option part parts
    play process purpose result results role roles studies study syndrome syndromes target targets use used uses
    value work works
    """.split()  # noqa: SIM905
)
"""Words that name no subject by themselves."""
_JOINTS = frozenset({" ", "-", "/", " of ", " of the ", ". "})
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_MAX_PHRASES = 4
_MAX_PHRASE_CHARS = 80


def needed(query: Query, evidence: Sequence[Evidence]) -> str:
    """What kind of source would answer a question, and which of its words no passage found has.

    >>> needed(Query("q", "What is the dose of paracetamol in renal failure?"), ())
    'Needed: a source on “paracetamol” and “renal failure” together that states a dose.'
    """
    phrases = _phrases(query.text)
    about = f" on {_quoted(phrases)}" if phrases else ""
    together = " together" if len(phrases) > 1 else ""
    known = {term for item in evidence for term in terms(_all_of(item))}
    absent = [phrase for phrase in phrases if not set(terms(phrase)) & known] if evidence else []
    unseen = f"; no passage found mentions {_quoted(absent)}" if absent else ""
    return f"Needed: a source{about}{together} that {_tells(query)}{unseen}."


def _tells(query: Query) -> str:
    aspects = [aspect for aspect in aspects_of(query.text) if aspect in _TELLS]
    if query.options:
        return "tells the options apart"
    if asks_leave(query.text):
        return "says whether it is safe"
    if kind_wanted(query.text) == "disease":
        return "names the disease"
    if len(aspects) == 1 and kind_of(query.text) != "yes_no":
        return _TELLS[aspects[0]]
    return "says whether it is so" if kind_of(query.text) == "yes_no" else "says what is asked"


def _phrases(question: str) -> list[str]:
    """What a question is about, as runs of its own words."""
    wanted = leave_terms(question) if asks_leave(question) else set(topic_terms(question))
    phrases: list[str] = []
    end = 0
    for match in _WORD.finditer(question):
        word = match[0]
        said = terms(word)
        if not said or not set(said) <= wanted or word.lower() in STOP_WORDS:
            continue
        joint = question[end : match.start()] if phrases else ""
        if joint in _JOINTS and (joint != ". " or len(phrases[-1]) == 1):
            phrases[-1] += joint + word
        else:
            phrases.append(word)
        end = match.end()
    named = [phrase for phrase in phrases if not set(phrase.lower().replace("-", " ").split()) <= _VAGUE | {"of"}]
    kept = dict.fromkeys(phrase for phrase in named if len(phrase) <= _MAX_PHRASE_CHARS and not phrase.isdigit())
    return list(kept)[:_MAX_PHRASES]


def _all_of(item: Evidence) -> str:
    return f"{item.passage.title} {item.passage.question} {item.passage.text}"


def _quoted(phrases: Sequence[str]) -> str:
    return listed([f"“{phrase}”" for phrase in phrases])
