"""Where a pattern holds between two mentions of a sentence, and what spoils it.

What stands before the first mention may make it part of something else ("resistance to aspirin"), a question or an aim;
what stands behind the second may make a compound of it ("asthma research"). A negation between the two, or one that
denies the whole ("no evidence that"), makes a denial; any other before them, and the match is given up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ragmed.answers.polarity import denies
from ragmed.graph.patterns import ARTICLE, NO_MODIFIER, PARENTHESES, PATTERNS, Pattern

_ITEM = rf"(?:(?!{NO_MODIFIER}\b)[\w'’/-]+ ?){{1,4}}{PARENTHESES}"
_JOINED = re.compile(
    rf"{PARENTHESES}(?:, {_ITEM}){{0,2}}(?:,? and/or| as well as|,? and also| plus|/|,? and|,? or|,|;) ?"
    rf"(?:such as |including |especially |particularly )?(?:(?!{NO_MODIFIER}\b)[\w'’-]+ ){{0,2}}|"
    rf"{PARENTHESES},? (?:such as|including) (?:(?!{NO_MODIFIER}\b)[\w'’-]+ ){{0,2}}",
    re.IGNORECASE,
)
"""Between items of a list; one or two of them may be unknown."""
_FINITE = re.compile(
    r"\b(?:is|are|was|were|be|been|being|has|have|had|can|could|may|might|will|would|should|must|do|does|did|"
    r"causes?|induces?|provokes?|triggers?|produces?|leads?|led|results?|gives?|treats?|prevents?|protects?|reduces?|"
    r"decreases?|relieves?|alleviates?|eases?|improves?|presents?|manifests?|includes?|increases?|raises?|predisposes?|"
    r"interacts?|comprises?|\w+ed (?!by|with|to|from|in|against|for|as|\w+ly))\b|\w+ed $",
    re.IGNORECASE,
)
_VERB_FOLLOWS = re.compile(
    r"(?: ?\([^()]{1,60}\))? (?:is|are|was|were|has|have|had|can|could|may|might|does|did|do|will|would|should|"
    r"\w{3,}(?:ed|es)|that|which|who)\b",
    re.IGNORECASE,
)
_SPOILS_AFTER = re.compile(
    r"[-‐–/]\w|['’]s\b|[ ](?:research|drugs?|medications?|models?|mice|rats?|cells?|lines?|vaccin\w+|genes?|proteins?|"
    r"receptors?|antibod\w+|antigens?|risks?|prevention|screening|diagnos\w+|prophylaxis|inhibitors?|antagonists?|"
    r"agonists?|analogs?|analogues?|blockers?|deficien\w+|withdrawal|resistance|resistant|levels?|concentrations?|"
    r"overdos\w+|free|virus\w*|surgery|scores?|scales?|treatments?|therap(?:y|ies)|rates?|units?|clinics?|care|"
    r"management|specialists?|control|reduction|relief|recurrence|resolution|sensitivity|status|related|associated|"
    r"induced|like|phenotype|susceptib\w+|severity|incidence|prevalence|progression|outcomes?|mortality|activity|"
    r"synthesis|metabolism|secretion)\b",
    re.IGNORECASE,
)
_EMBEDDED = re.compile(
    r"(?:^|.*?[ ,;(])([\w-]+) (?:of|in|for|with|from|to|by|on|against|between|during|after|before|without|than|like|"
    rf"including|as|towards?) {ARTICLE}(?:(?!{NO_MODIFIER}\b)[\w'’-]+ ){{0,2}}$",
    re.IGNORECASE | re.DOTALL,
)
"""What stands before a mention that is part of a larger phrase; its group is the word that heads the phrase."""
_HEADS = frozenset(
    """
    use administration doses dose dosage effect effects exposure intake injection infusion combination form forms case
    cases type types addition presence patients people children adults women men infants individuals subjects those
    persons onset development occurrence subtype subtypes
    """.split()  # noqa: SIM905
)
_HEADS_OF_TREATMENT = _HEADS | {"efficacy", "treatment", "therapy", "treated", "treating", "role", "value"}
_OF_TREATMENT = frozenset({"treats", "relieves", "prevents", "contraindicated_in"})
_UNASSERTED = re.compile(
    r"\b(?:whether|if|unless|when|aims?|aimed|objectives?|purpose|goal|hypothes\w+|question|"
    r"to (?:determine|assess|evaluate|investigate|examine|compare|explore|test|study|analy[sz]e|clarify|identify|"
    r"describe|review)|(?:we|study|trial) (?:investigate[sd]?|examine[sd]?|evaluate[sd]?|assess(?:es|ed)?|studied|"
    r"tested|sought|compare[sd]?|explore[sd]?)|were (?:investigated|evaluated|assessed|compared))\b",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"\b(?:unclear|unknown|not known|controversial|inconclusive|debated|uncertain|remains? to be|not (?:been )?"
    r"(?:established|determined|clear)|rule[sd]? out|poorly understood|misdiagnos\w+|mistaken for|differential)\b",
    re.IGNORECASE,
)
_DENIED_BEFORE = re.compile(
    r"\b(?:no|not|little|lack of|without)\b(?: [\w-]+){0,4}? (?:evidence|proof|indication|associations?|links?|"
    r"correlations?|relationship|interactions?)\b[^,]{0,40}$|\bneither $",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(r"(?: ?\([^()]*\))?\s*(?:[.,;:!]|$|(?:and|or|but|nor)\b)")
"""After a denial that holds of everybody, not only of those of whom the rest of the clause speaks."""
_DENIES_OTHERS = re.compile(r"\b(?:that|which|who)\b.*\b(?:not|never|no)\b", re.IGNORECASE)
"""A clause that tells some from others: "goitre that is not associated with …"."""
_PARTLY = re.compile(
    r"\b(?:most|many|some|few|usually|generally|typically|often|normally|rarely|always|necessarily|routinely|alone|"
    r"previously|directly)\b",
    re.IGNORECASE,
)
"""What leaves a denial true of the rest, or at other times."""
_PLAIN_OBJECT = re.compile(
    r"\b(?:a|an|the|any|of|for|in|with|to|by|as|against|caus(?:e|es|ed|ing)|treat|prevent|induce|relieve|have|has|had|"
    r"develop|includes?|improve) $",
    re.IGNORECASE,
)
"""Before what is denied of the whole of a thing, not of some kind of it."""
_BULLET = re.compile(r"\s[-–•*]\s")
_WHICH = re.compile(r",? (?:that|which) ")
_NAMES_A_KIND = re.compile(r"\b(?:is|are|was|were) (?:an? |the |one of the )?(?:[\w-]+,? ){0,4}$", re.IGNORECASE)
"""Before a mention that says what kind of thing another is: "hidradenocarcinoma is a tumour caused by …"."""
_CUE = re.compile(
    r"treat|manag|therap|drug|medic|agent|option|control|us(?:ed|ing)|indicated|approved|effective|useful|given|"
    r"recommend|reliev|allevi|eas|improv|ameliorat|prevent|protect|reduc|caus|induc|provok|trigger|precipitat|produc|"
    r"lead|led |result|rise to|due |secondary|attribut|consequence|complication|effects?|reactions?|events?|"
    r"contraindicated|avoided|charact|marked|manifest|accompan|present|symptom|sign|feature|hallmark|have|has|had|"
    r"develop|experience|suffer|show|exhibit|associat|link|correlat|relat|risk|predispos|interact|levels?|diagnos|"
    r"detect|confirm|identified",
    re.IGNORECASE,
)
"""What some pattern needs: where it is not, none is tried."""
_CLAUSE = re.compile(r"[;:]|, (?:but|and|while|whereas|although|though|however)\b|\b(?:but|whereas|although)\b")
_ANIMALS = re.compile(
    r"\b(?:mice|mouse|murine|rats?|rabbits?|guinea pigs?|dogs?|monkeys|zebrafish|in vitro|cell lines?)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern that stands between two groups of mentions; ``is_denied``: the sentence says that it is not so."""

    pattern: Pattern
    is_denied: bool


def is_joined(between: str) -> bool:
    """Whether what stands between two mentions makes them items of one list.

    >>> is_joined(", "), is_joined(" or severe "), is_joined(" causes ")
    (True, True, False)
    """
    return len(between) < 60 and _JOINED.fullmatch(between) is not None


def is_finite(between: str) -> bool:
    """Whether what stands between two lists is a verb of which the whole first list is the subject.

    >>> is_finite(" are caused by "), is_finite(" caused "), is_finite(" caused by ")
    (True, True, False)
    """
    return _FINITE.search(between) is not None


def opens_a_clause(after: str) -> bool:
    """Whether a mention is the subject of what follows it."""
    return _VERB_FOLLOWS.match(after) is not None


def is_speaking_of_animals(sentence: str) -> bool:
    """Whether a sentence tells of animals or cells."""
    return _ANIMALS.search(sentence) is not None


def asserts(sentence: str) -> bool:
    """Whether a sentence claims anything, rather than asking, or saying that it is not known.

    >>> asserts("Aspirin causes ulcers."), asserts("It is unclear whether aspirin causes ulcers.")
    (True, False)
    """
    return not sentence.rstrip().endswith("?") and not _UNKNOWN.search(sentence)


def matches(before: str, between: str, after: str) -> Iterator[Match]:
    """The patterns that stand between two mentions, of those that a sentence does not spoil.

    Args:
        before: the sentence up to the first mention. between: up to the second. after: the rest.
    """
    if len(between) > 160 or not _CUE.search(before[-80:] + between) or _SPOILS_AFTER.match(after):
        return
    if _UNASSERTED.search(before + between) or _DENIES_OTHERS.search(between) or _BULLET.search(between):
        return
    clause = before[_last_break(before) :]
    plain = _spaced(between)
    embedded = _EMBEDDED.match(clause[-80:])
    head = embedded[1].casefold() if embedded is not None else ""
    is_of_a_kind = _NAMES_A_KIND.search(clause) is not None and (_WHICH.match(between) or not is_finite(between))
    is_denied_before = _DENIED_BEFORE.search(clause) is not None
    if denies(clause) and not is_denied_before:
        return
    for pattern in PATTERNS:
        if pattern.between.fullmatch(plain) is None:
            continue
        if pattern.before is not None:
            is_spoilt = pattern.before.match(clause) is None
        else:
            heads = _HEADS_OF_TREATMENT if pattern.predicate in _OF_TREATMENT else _HEADS
            is_spoilt = bool(is_of_a_kind) or (head != "" and head not in heads)
        is_denied_between = denies(between) and not pattern.denies_itself
        is_denied = is_denied_before or is_denied_between
        is_twice_denied = is_denied_before and is_denied_between
        if is_spoilt or is_twice_denied or (is_denied and not _is_of_all(clause, plain, after)):
            continue
        yield Match(pattern, is_denied)


def _is_of_all(clause: str, between: str, after: str) -> bool:
    """Whether a denial holds of all that the mentions name."""
    if _PARTLY.search(clause + between) or not _PLAIN_OBJECT.search(between):
        return False
    return _CLAUSE_ENDS.match(after) is not None


def _spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _last_break(text: str) -> int:
    return max((match.end() for match in _CLAUSE.finditer(text)), default=0)
