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
    often ever really actually exactly affect affects affected
    meant wrote written write letter report reports reported read reading heard hear expect expected happened goes going
    fall falls under belong belongs group groups category doctor doctors medicine medical medically summarise summarize
    summary overview detail details specifically think thought thinking consider considered suspect suspected point
    points fit fits together plus along alongside someone's son daughter boy girl baby infant child children kid kids
    man woman mother father parent parents brother sister family wife husband friend down up off out over under again
    two three same different case cases new recently old year rare genetic picture possible likely possibly probably
    look looks made make makes come comes coming keep keeps seem seems body
    """.split()  # noqa: SIM905
)
"""Words that ask rather than say what about. They are matched before stemming."""

_YES_NO = re.compile(
    r"(?:^|[:;,.?–-]\s+)(?:so |and |but |please |hi,? |hello,? )*"
    r"(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have|had|may|might|must|am)\b",
    re.IGNORECASE,
)
"""An auxiliary verb opens the question, or its last part: "Laparoscopy in the elderly: is it safe?"."""

ASPECTS: dict[str, tuple[str, str]] = {
    "treatment": (
        "treat treats treated treating treatment treatments therapy therapies therapeutic cure cures cured curable "
        "manage managed managing management remedy remedies relief relieve relieves first-line "
        "helps-against helps-with helps-for help-against help-with help-for good-for good-against works-for "
        "works-against medication medications drug drugs surgery surgical operation operations operated transplant",
        "medicine medicines regimen effective",
    ),
    "dose": ("dose doses dosage dosages dosing mg milligram milligrams", "daily tablet tablets"),
    "cost": ("cost costs price prices expensive cheap insurance pay reimbursement afford", ""),
    "prevention": ("prevent prevents prevention preventing vaccine vaccines vaccination", "avoid prophylaxis reduce"),
    "frequency": (
        "prevalence incidence epidemiology statistics percentage how-common how-many how-rare how-often",
        "births population per rate affects occurs estimated worldwide "
        "every daily hourly weekly monthly yearly once twice",
    ),
    "trials": ("trial trials", "randomized randomised placebo"),
    "logistics": ("clinic clinics specialist specialists hospital appointment nearest insurance book", ""),
    "side effect": ("side-effect side-effects interaction interactions contraindication contraindications", "adverse"),
    "diagnosis": ("diagnose diagnosed diagnosis diagnosing screening", "test tests tested testing examination"),
    "inheritance": (
        "inherit inherits inherited inheritance hereditary heritable passed-on dominant recessive "
        "runs-in passed-down from-parents",
        "autosomal x-linked y-linked mitochondrial genes gene mutation mutations",
    ),
    "onset": (
        "onset begin begins beginning start starts old age ages first-symptoms shows-up",
        "congenital neonatal infancy infantile childhood juvenile adulthood",
    ),
    "synonym": ("synonym synonyms synonymous called also-called other-name other-names another-name", "known alias"),
    "findings": (
        "features feature signs sign symptoms symptom manifestations manifestation findings finding characteristics",
        "characterized characteristic include includes",
    ),
    "prognosis": ("prognosis outlook survival survive expectancy live", "outcome outcomes mortality death years"),
    "origin": ("discovered discoverer discovery invented inventor founded named-after history", "first described"),
}
"""Aspect → (words that ask for it, further words that an answer may use for it); phrases with hyphens."""

_FROM_PARENTS = re.compile(r"\bfrom (?:[a-z']+ )?(?:parents?|mother|father)\b")
_PHRASES = re.compile(
    r"\b(?:side effects?|(?:helps?|good|works) (?:against|with|for)|"
    r"passed (?:on|down)|how (?:common|many|rare|often)|runs in|first (?:symptoms|line)|shows up|"
    r"also called|(?:other|another) names?|named after|diagnosed with)\b"
)


def kind_of(question: str, has_options: bool = False) -> Kind:
    """Whether a question wants yes or no, a choice among options, or words.

    >>> kind_of("Is arachnodactyly a feature of Marfan syndrome?"), kind_of("What is arachnodactyly?")
    ('yes_no', 'open')
    >>> kind_of("Laparoscopy in the elderly: is it safe?")
    'yes_no'
    """
    if has_options:
        return "choice"
    return "yes_no" if _YES_NO.search(question.strip()) and not re.search(r"\bor\b.*\?$", question) else "open"


_FUNCTION_WORDS = frozenset(
    """
    what which who whom whose when where why how do does did doing done can could should would may might must shall am
    been being have has had any some there about between among than then also please me my i we our us you your they
    them list describe
    """.split()  # noqa: SIM905
)
"""Words of questions and talk that documents seldom hold, so that they look rare, and that say nothing of a topic."""

_LEAVE_WORDS = (
    "take taken taking use used using have eat eaten eating drink drinking give given giving combine combined mix "
    "mixed mixing stop stopping start continue breastfeed drive driving fly flying receive safe safely ok okay right "
    "alright fine allowed same time"
)
_ASKS_LEAVE = re.compile(
    r"\b(?:can|may|could|should|shall) (?:(?:i|we|you|he|she|they|one|someone|somebody|people|patients?|women|men|"
    r"children|babies|adults|an?|my|the|pregnant|breastfeeding)\b[\w -]{0,40}?) "
    r"(?:take|use|have|eat|drink|give|combine|mix|stop|start|continue|breastfeed|drive|fly|receive)\b"
    r"|\b(?:is|are|it'?s) [\w -]{0,40}?\b(?:safe|ok|okay|all right|alright|fine|allowed)\b"
    r"|\bcan [\w -]{1,40}? be (?:taken|used|given|combined|mixed)\b",
    re.IGNORECASE,
)


def asks_leave(question: str) -> bool:
    """Whether a question asks if something may be done, so that a wrong yes does more harm than a wrong no.

    >>> asks_leave("Can I take ibuprofen with warfarin?"), asks_leave("Is metformin safe in pregnancy?")
    (True, True)
    >>> asks_leave("Does ibuprofen interact with warfarin?"), asks_leave("Can asthma cause a cough?")
    (False, False)
    """
    return bool(_ASKS_LEAVE.search(question))


def leave_terms(question: str) -> set[str]:
    """What a question that asks leave is about, without the words for doing it.

    >>> sorted(leave_terms("Can I take ibuprofen with warfarin?"))
    ['ibuprofen', 'warfarin']
    """
    return set(topic_terms(question)) - set(stem(_LEAVE_WORDS.split()))


_WANTS_DISEASE = re.compile(
    r"\b(?:(?:which|what|name|an?) (?:\w+ )?(?:diseases?|syndromes?|disorders?|diagnos[ie]s)|"
    r"diagnosis|differential|which (?:rare |genetic )?condition|patient (?:with|has)|patient:)",
    re.IGNORECASE,
)


def kind_wanted(question: str) -> str:
    """The kind of passage asked for (see `ragmed.types.Passage.kind`); empty where any will do.

    >>> kind_wanted("Which disease combines ectopia lentis and tall stature?"), kind_wanted("What is fever?")
    ('disease', '')
    """
    return "disease" if _WANTS_DISEASE.search(question) else ""


def search_terms(question: str) -> list[str]:
    """The terms to search for: with repetitions, in order, without the words that make a question a question.

    Where nothing else is left, those too.

    >>> search_terms("What should I do about a fever that does not go down?")
    ['fever', 'go', 'down']
    >>> search_terms("What is what?")
    ['what', 'what']
    """
    kept = [word for word in words(question) if word not in STOP_WORDS]
    return stem([word for word in kept if word not in _FUNCTION_WORDS] or kept)


def content_terms(question: str) -> list[str]:
    """The terms a question is about, in order, each once; words that ask are left out.

    >>> content_terms("Which diseases are associated with ectopia lentis?")
    ['diseas', 'ectopia', 'lenti']
    """
    kept = [word for word in words(question) if word not in STOP_WORDS and word not in _ASKING]
    return list(dict.fromkeys(stem(kept)))


def topic_terms(question: str) -> list[str]:
    """`content_terms` without the words that ask for an aspect; all of them where nothing else is left.

    >>> topic_terms("How is Marfan syndrome inherited?")
    ['marfan', 'syndrom']
    """
    asking = {word for aspect in aspects_of(question) for word in ASPECTS[aspect][0].replace("-", " ").split()}
    kept = [word for word in words(question) if word not in STOP_WORDS | _ASKING | asking]
    return list(dict.fromkeys(stem(kept))) or content_terms(question)


_DESIGNATION = re.compile(
    r"(?<=[A-Za-z,]) (\d{1,3}[A-Za-z]{0,2})\b"
    r"(?!\s*(?:[-–/%]|years?|yrs?|months?|weeks?|days?|hours?|times?|mg|mcg|g|kg|ml|mm|cm|patients?|people|(?:st|nd|rd|th)\b))"
)


def designations(question: str) -> set[str]:
    """Numbers that are part of a name, as terms: "type 4", "retinitis pigmentosa 76", but no age or dose.

    What is said of type 3 is no answer about type 4.

    >>> designations("age of onset of retinitis pigmentosa 76"), designations("a boy aged 7 years took 5 mg")
    ({'76'}, set())
    """
    return {term for match in _DESIGNATION.findall(question) for term in stem(words(match))}


def aspects_of(question: str) -> list[str]:
    """The aspects a question asks for.

    >>> aspects_of("How is Marfan syndrome treated?"), aspects_of("What are the side effects of aspirin?")
    (['treatment'], ['side effect'])
    >>> aspects_of("Can it come from the mother?"), aspects_of("My father has a cough.")
    (['inheritance'], [])
    """
    asked = _plain_words(question)
    aspects = [aspect for aspect, (asking, _) in ASPECTS.items() if asked & set(asking.split())]
    # "What is the diagnosis?" asks which disease, not how it is diagnosed.
    return [aspect for aspect in aspects if aspect != "diagnosis" or not kind_wanted(question)]


def speaks_to(text: str, aspect: str) -> bool:
    """Whether a text uses any word of the aspect.

    >>> speaks_to("Mode of inheritance: autosomal dominant.", "inheritance")
    True
    """
    asking, answering = ASPECTS[aspect]
    return bool(_plain_words(text) & {*asking.split(), *answering.split()})


def _plain_words(text: str) -> set[str]:
    plain = _FROM_PARENTS.sub("from-parents", text.lower())
    joined = _PHRASES.sub(lambda match: match.group().replace(" ", "-"), plain)
    return set(re.findall(r"[a-z]+(?:-[a-z]+)*", joined))
