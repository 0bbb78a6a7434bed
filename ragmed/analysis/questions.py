"""What a question asks: its content terms, its kind, and the aspects an answer must speak to."""

from __future__ import annotations

import re
from typing import Literal

from ragmed.analysis.terms import STOP_WORDS, stem, words

Kind = Literal["open", "yes_no", "choice"]

_ASKING = frozenset(
    """
    what which who whom whose where when why how do does did doing done can could should would shall may might must
    am is are was were be been being has have had having there here any some all each every other another else about
    between among during after before while than because so just only also too very much many more most few less
    me my mine i im i'm you your yours we our us they them one ones someone anybody somebody people person patient
    patients tell explain describe give list name named names call called mean means meaning define definition
    know known say said see seen get gets got find help want need look looking please thanks hello hi
    combine combines combined combination together both include includes including involve involves involved
    associated association related relate relates relation link linked cause causes caused causing
    happen happens occur occurs happening present presents presenting show shows shown showing has
    like kind kinds type types sort term word thing things something anything way ways main common typical usually
    often ever really actually exactly affect affects affected does
    """.split()  # noqa: SIM905
)
"""Words that ask rather than say what about. They are matched before stemming."""

_YES_NO = re.compile(
    r"^(?:so |and |but |please |hi,? |hello,? )*"
    r"(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have|had|may|might|must|am)\b",
    re.IGNORECASE,
)

ASPECTS: dict[str, tuple[str, ...]] = {
    "treatment": (
        "treat treats treated treating treatment treatments therapy therapies therapeutic cure cures curable manage "
        "management managed medication medications medicine drug drugs remedy first-line",
        "surgery surgical operation transplant intervention regimen antibiotic antibiotics effective efficacy",
    ),
    "dose": ("dose doses dosage dosing mg milligram milligrams overdose", "daily tablet tablets"),
    "cost": ("cost costs price prices expensive cheap insurance pay reimbursement afford", ""),
    "prevention": (
        "prevent prevents prevention preventing avoid vaccine vaccines vaccination immunization",
        "prophylaxis reduce",
    ),
    "frequency": (
        "prevalence incidence epidemiology statistics percentage rate rates mortality",
        "births population per frequency",
    ),
    "side effect": (
        "interaction interactions contraindication contraindications contraindicated side-effects",
        "adverse",
    ),
    "diagnosis": ("diagnose diagnosed diagnosis diagnosing test tests testing detect screening", "tested examination"),
    "inheritance": (
        "inherit inherited inheritance hereditary dominant recessive genetic",
        "autosomal x-linked gene genes",
    ),
    "prognosis": ("prognosis outlook survival survive expectancy", "outcome outcomes mortality years"),
    "discovery": ("discovered discoverer invented history historical founded named-after", "first described"),
}
"""Aspect → (words that ask for it, further words that an answer may use for it)."""


def kind_of(question: str, has_options: bool = False) -> Kind:
    """Whether a question wants yes or no, a choice among options, or words.

    >>> kind_of("Is arachnodactyly a feature of Marfan syndrome?"), kind_of("What is arachnodactyly?")
    ('yes_no', 'open')
    """
    if has_options:
        return "choice"
    return "yes_no" if _YES_NO.match(question.strip()) and not re.search(r"\bor\b.*\?$", question) else "open"


def content_terms(question: str) -> list[str]:
    """The terms a question is about, in order, each once; asking words are left out.

    >>> content_terms("Which diseases are associated with ectopia lentis?")
    ['diseas', 'ectopia', 'lenti']
    """
    kept = [word for word in words(question) if word not in STOP_WORDS and word not in _ASKING]
    return list(dict.fromkeys(stem(kept)))


def aspects_of(question: str) -> list[str]:
    """The aspects a question asks for.

    >>> aspects_of("How is Marfan syndrome treated?")
    ['treatment']
    """
    asked = set(_plain_words(question))
    return [aspect for aspect, (asking, _) in ASPECTS.items() if asked & set(asking.split())]


def speaks_to(text: str, aspect: str) -> bool:
    """Whether a text uses any word of the aspect."""
    asking, answering = ASPECTS[aspect]
    return bool(set(_plain_words(text)) & {*asking.split(), *answering.split()})


def _plain_words(text: str) -> list[str]:
    return re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower().replace("side effect", "side-effect"))
