"""How sentences of biomedical English say that one thing treats, causes or shows another: lexical patterns.

In the manner of Hearst 1992, "Automatic Acquisition of Hyponyms from Large Text Corpora" (COLING), and of SemRep
(Rindflesch and Fiszman 2003, "The interaction of domain knowledge and linguistic structure in natural language
processing", J Biomed Inform 36(6)): what stands between two mentions of known kinds must be a known way to say it, from
the one mention to the other. The patterns and their confidences are our own. They are made to miss much rather than to
say what a sentence does not. What spoils a match: `ragmed.graph.matching`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragmed.types import NodeKind

CONDITIONS: tuple[NodeKind, ...] = ("disease", "finding")
_CAUSES: tuple[NodeKind, ...] = ("drug", "gene", "disease", "finding", "procedure")
_TREATMENTS: tuple[NodeKind, ...] = ("drug", "procedure")

_ADVERB = r"(?:\w+ly|also|often|sometimes|most|more|now|not|never|only|known|well|still|both|in turn)"
_TO_BE = r"(?:is|are|was|were|be|been|being|remains?)"
_MODAL = r"(?:can|could|may|might|will|would|should|does|do|did|has|have|had|cannot|not|to|appears?|seems?|tends?)"
_SAID = r"(?:shown|reported|found|thought|believed|known|considered|suggested|demonstrated|proven|said)(?: to)?"
_AUX = rf"(?:(?:{_TO_BE}|{_MODAL}|{_SAID}|{_ADVERB}) ){{0,5}}"
_KIND = (
    r"(?:disorders?|conditions?|diseases?|syndromes?|illness(?:es)?|infections?|disturbances?|problems?|drugs?|"
    r"medicines?|medications?|agents?|inhibitors?|antagonists?|agonists?|blockers?|antibiotics?|antibody)"
)
_WHICH = (
    rf"(?:(?:{_TO_BE} |, )(?:a |an |the |one of the )?(?:[\w-]+,? ){{0,5}}{_KIND}(?: (?:of|affecting) (?:the )?"
    rf"(?:[\w-]+ ){{0,3}}[\w-]+)?,? (?:(?:which|that) )?|,? ?(?:which|that) )?"
)
_PEOPLE = (
    r"(?:patients?|people|persons?|adults?|children|infants?|women|men|those|individuals?|subjects|cases|someone|"
    r"anyone|volunteers)"
)
_WITH = r"(?:with|who have|who had|having|suffering from|affected by|diagnosed with)"
NO_MODIFIER = (
    r"(?:of|by|in|on|to|for|from|with|without|and|or|nor|but|than|as|at|via|versus|vs|no|non|anti|against|that|which|"
    r"who|when|if|is|are|was|were|reduced|reduces|decreased|less|lower|lowered|fewer|loss|lack|absence|improved|"
    r"patients|people|whereas|while|although|because|since|thus|therefore|however|also|has|have|had|"
    r"prevents?|prevented|treats?|treated|causes?|caused|increased risk|risk|resistance|after|before|during|"
    r"resolution|remission|rather|not|cause|inhibition|death|between|its|their|these|this|such|including)"
)
_MODIFIERS = rf"(?:(?!{NO_MODIFIER}\b)[\w'’/-]+,? ){{0,3}}"
ARTICLE = r"(?:(?:the|a|an|some|certain|various|many|most) )?"
_LEAD = (
    rf"{ARTICLE}(?:(?:symptoms?|signs?|cases?|episodes?|attacks?|forms?|types?|development|occurrence|onset) of )?"
    rf"(?:{_MODIFIERS}{_PEOPLE} {_WITH} )?{ARTICLE}{_MODIFIERS}"
)
PARENTHESES = r"(?: ?[(\[][^()\[\]]{1,60}[)\]])?"
_TAIL = (
    rf"{PARENTHESES}(?: (?:therapy|treatment|use|administration|tablets?|capsules?|injections?|infusions?|cream|"
    rf"hydrochloride|sodium|maleate|disease|infections?|alone|monotherapy))?{PARENTHESES} ?"
)
_CAUSE_VERB = (
    r"(?:caus(?:e[sd]?|ing)|induc(?:e[sd]?|ing)|provok(?:e[sd]?|ing)|trigger(?:s|ed|ing)?|precipitat(?:e[sd]?|ing)|"
    r"produc(?:e[sd]?|ing)|(?:lead(?:s|ing)?|led) to|result(?:s|ed|ing)? in|(?:give[sn]?|gave|giving) rise to)"
)
_CAUSED_BY = (
    r"(?:(?:caused|induced|triggered|produced|provoked|precipitated|brought on) by|(?:due|secondary|attributable|"
    r"attributed) to|result(?:s|ed|ing)? from|(?:a |the )?(?:[\w-]+ ){0,2}(?:consequence|result|complication)s? of)"
)
_GENE_CHANGE = r"(?:[\w-]+ ){0,3}(?:mutations?|variants?|deletions?|defects?|changes?|duplications?|alterations?)"
_INCLUDE = r"(?:(?:may|can|also|commonly|often|usually|typically) ){0,2}(?:includes?|included|are|is|were|was|comprise)"
_NOUN = rf"(?:a |an |the |one of the |among the )?(?:(?!{NO_MODIFIER}\b)[\w-]+,? ){{0,3}}"
_MEANS = r"(?:with|by|using|by means of)"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to say that ``predicate`` holds between two mentions.

    ``between`` must match what stands between them, from end to end; ``before`` what ends right before the first.
    ``is_turned``: the object stands first. ``denies_itself``: a negation is part of what it says ("should not be used
    in"). ``confidence``: how far it is trusted where nothing hedges.
    """

    name: str
    predicate: str
    subjects: tuple[NodeKind, ...]
    objects: tuple[NodeKind, ...]
    between: re.Pattern[str]
    before: re.Pattern[str] | None
    is_turned: bool
    denies_itself: bool
    confidence: float


def _pattern(
    name: str,
    predicate: str,
    kinds: tuple[tuple[NodeKind, ...], tuple[NodeKind, ...]],
    between: str,
    *,
    before: str = "",
    is_turned: bool = False,
    denies_itself: bool = False,
    confidence: float = 0.8,
) -> Pattern:
    ending = re.compile(rf"(?:^|.*\W)(?:{before}) $", re.IGNORECASE | re.DOTALL) if before else None
    return Pattern(
        name, predicate, *kinds, re.compile(between, re.IGNORECASE), ending, is_turned, denies_itself, confidence
    )


_USED = (
    r"(?:used|indicated|approved|licensed|prescribed|given|recommended|administered|effective|useful|beneficial|"
    r"efficacious|taken)(?: \w+ly| alone| in combination| orally)?"
)
_TREAT = (_TREATMENTS, CONDITIONS)
_CAUSE = (_CAUSES, CONDITIONS)
_SHOW: tuple[tuple[NodeKind, ...], tuple[NodeKind, ...]] = (("disease",), ("finding", "disease"))
_BOTH = (_CAUSES, CONDITIONS)
_DRUGS: tuple[tuple[NodeKind, ...], tuple[NodeKind, ...]] = (("drug",), ("drug",))
_TESTS: tuple[tuple[NodeKind, ...], tuple[NodeKind, ...]] = (CONDITIONS, ("procedure",))
_TREATING = r"(?:treatment|management|therapy|relief)"

VERSION = 1
"""Raised whenever other statements are found in the same text."""
PATTERNS: tuple[Pattern, ...] = (
    _pattern(
        "used_to_treat",
        "treats",
        _TREAT,
        rf"{_TAIL}{_WHICH}{_AUX}{_USED} (?:to (?:treat|manage)|(?:for|in|as)(?: the| a)?(?: \w+)? {_TREATING}s? "
        rf"(?:of|for|in)|to control|for|in treating|against) {_LEAD}",
    ),
    _pattern("treats", "treats", _TREAT, rf"{_TAIL}{_WHICH}{_AUX}treat(?:s|ed)? {_LEAD}"),
    _pattern(
        "to_treat",
        "treats",
        _TREAT,
        rf"{_TAIL}to (?:treat|manage|control) {_LEAD}",
        before=r"(?:approved?|us(?:e[sd]?|ing)|use of|prescribe[sd]?|gives?|given|recommend(?:s|ed)?|tak(?:e|ing))"
        r"(?: [\w-]+){0,3}",
        confidence=0.7,
    ),
    _pattern("for_treatment", "treats", _TREAT, rf"{_TAIL}(?:in|for) (?:the )?treatment of {_LEAD}", confidence=0.6),
    _pattern(
        "treated_with",
        "treats",
        _TREAT,
        rf"{_TAIL}{_WHICH}{_AUX}(?:treated|managed)(?: \w+ly)? {_MEANS} {_LEAD}",
        is_turned=True,
    ),
    _pattern(
        "treatment_with",
        "treats",
        _TREAT,
        rf"{_TAIL}{_MEANS} {_LEAD}",
        before=rf"(?:treatment|management|therapy) of(?: the)?(?: {_PEOPLE} {_WITH})?",
        is_turned=True,
        confidence=0.7,
    ),
    _pattern(
        "treatment_for",
        "treats",
        _TREAT,
        rf"{_TAIL}{_AUX}{_NOUN}(?:treatments?|therap(?:y|ies)|drugs?|medications?|medicines?|agents?|options?)"
        rf"(?: of choice)? (?:for|of|in|against|used to treat|used for) {_LEAD}",
    ),
    _pattern(
        "relieves",
        "relieves",
        _TREAT,
        rf"{_TAIL}{_WHICH}{_AUX}(?:reliev(?:e[sd]?|ing)|alleviat(?:e[sd]?|ing)|eas(?:e[sd]?|ing)|improv(?:e[sd]?|ing)|"
        rf"ameliorat(?:e[sd]?|ing)|used to relieve) {_LEAD}",
    ),
    _pattern(
        "prevents",
        "prevents",
        _TREAT,
        rf"{_TAIL}{_WHICH}{_AUX}(?:prevent(?:s|ed|ing)?|protect(?:s|ed|ing)? against|"
        r"(?:reduc|decreas)(?:e[sd]?|ing) the (?:risk|incidence|rate|occurrence) of|"
        rf"{_USED} (?:to prevent|(?:for|in)(?: the)? (?:prevention|prophylaxis) of|in preventing)) {_LEAD}",
    ),
    _pattern("causes", "causes", _CAUSE, rf"{_TAIL}{_WHICH}{_AUX}{_CAUSE_VERB} {_LEAD}"),
    _pattern("cause_of", "causes", _CAUSE, rf"{_TAIL}{_WHICH}{_AUX}{_NOUN}causes? (?:of|for) {_LEAD}"),
    _pattern("caused_by", "causes", _CAUSE, rf"{_TAIL}{_WHICH}{_AUX}{_CAUSED_BY} {_LEAD}", is_turned=True),
    _pattern("induced", "causes", (("drug",), CONDITIONS), rf"[-‐–]induced {_MODIFIERS}"),
    _pattern(
        "mutations_cause",
        "causes",
        (("gene",), CONDITIONS),
        rf"(?: gene)?{PARENTHESES} {_WHICH}{_AUX}(?:{_CAUSE_VERB}|{_NOUN}causes? of) {_LEAD}",
        before=rf"{_GENE_CHANGE} (?:in|of)(?: the)?",
    ),
    _pattern(
        "gene_mutations_cause",
        "causes",
        (("gene",), CONDITIONS),
        rf"(?: gene)? {_GENE_CHANGE} {_WHICH}{_AUX}(?:{_CAUSE_VERB}|{_NOUN}causes? of) {_LEAD}",
    ),
    _pattern(
        "caused_by_mutations",
        "causes",
        (("gene",), CONDITIONS),
        rf"{_TAIL}{_WHICH}{_AUX}{_CAUSED_BY} {_GENE_CHANGE} (?:in|of|affecting) (?:the )?",
        is_turned=True,
    ),
    _pattern(
        "side_effect_of",
        "causes",
        (("drug",), CONDITIONS),
        rf"{_TAIL}{_AUX}{_NOUN}(?:side|adverse) (?:effects?|reactions?|events?) (?:of|with|to) {_LEAD}",
        is_turned=True,
    ),
    _pattern(
        "side_effects_include",
        "causes",
        (("drug",), CONDITIONS),
        rf"{_TAIL}{_INCLUDE} {_LEAD}",
        before=r"(?:side|adverse) (?:effects?|reactions?|events?) (?:of|with|to|associated with)",
    ),
    _pattern(
        "contraindicated",
        "contraindicated_in",
        _TREAT,
        rf"{_TAIL}{_WHICH}{_AUX}contraindicated (?:in|for|with) {_LEAD}",
    ),
    _pattern(
        "not_to_be_used",
        "contraindicated_in",
        _TREAT,
        rf"{_TAIL}{_WHICH}(?:(?:should|must) (?:not|never) be (?:used|given|taken|prescribed|administered)|(?:should|"
        rf"must) be avoided) (?:in|by|for|with) {_LEAD}",
        denies_itself=True,
    ),
    _pattern(
        "characterised_by",
        "has_finding",
        _SHOW,
        rf"{_TAIL}{_WHICH}{_AUX}(?:(?:characteri[sz]ed|marked|manifested|accompanied) (?:primarily |mainly )?by|"
        rf"present(?:s|ed|ing)?(?: \w+ly)? (?:with|as)|manifest(?:s|ed|ing)?(?: \w+ly)? (?:as|with|by)) {_LEAD}",
    ),
    _pattern(
        "symptom_of",
        "has_finding",
        _SHOW,
        rf"{_TAIL}(?:{_MODAL} )?(?:{_ADVERB} )?{_TO_BE} (?:{_ADVERB} )?{_NOUN}(?:symptoms?|signs?|features?|"
        rf"manifestations?|hallmarks?|characteristics?) (?:of|in) {_LEAD}",
        is_turned=True,
    ),
    _pattern(
        "symptoms_include",
        "has_finding",
        _SHOW,
        rf"{_TAIL}{_INCLUDE} {_LEAD}",
        before=r"(?:symptoms?|signs?|features?|manifestations?)(?: and (?:symptoms?|signs))? of(?: the| an?)?",
    ),
    _pattern(
        "people_with",
        "has_finding",
        _SHOW,
        rf"(?!.*\blikely to ){_TAIL}{_AUX}(?:have|has|had|develop(?:s|ed)?|experience[sd]?|suffer(?:s|ed)? from|"
        rf"show(?:s|ed)?|exhibit(?:s|ed)?) {_LEAD}",
        before=rf"{_PEOPLE}(?: \w+)? {_WITH}",
        confidence=0.7,
    ),
    _pattern(
        "associated_with",
        "associated_with",
        _BOTH,
        rf"{_TAIL}{_WHICH}{_AUX}(?:associated|linked|correlated|related)(?: \w+ly)? (?:with|to) "
        rf"(?:an? (?:\w+ly )?(?:increased|higher|elevated|greater) (?:risk|incidence|prevalence|rate) of )?{_LEAD}",
    ),
    _pattern(
        "risk_factor",
        "associated_with",
        _BOTH,
        rf"{_TAIL}{_WHICH}{_AUX}(?:{_NOUN}risk factors? (?:for|of|in)|predispos(?:e[sd]?|ing)(?: \w+)? to|(?:increas|"
        rf"rais)(?:e[sd]?|ing) the (?:\w+ )?(?:risk|incidence|likelihood|odds) (?:of|for)) {_LEAD}",
    ),
    _pattern(
        "association_between",
        "associated_with",
        _BOTH,
        rf"{_TAIL}(?:and|with) {_LEAD}",
        before=r"(?:associations?|link|correlations?) (?:between|of)(?: the)?",
        confidence=0.7,
    ),
    _pattern("interacts", "interacts_with", _DRUGS, rf"{_TAIL}{_WHICH}{_AUX}interact(?:s|ed|ing)? with {_LEAD}"),
    _pattern(
        "interaction_between",
        "interacts_with",
        _DRUGS,
        r" (?:and|with) ",
        before=r"interactions? (?:between|of)",
        confidence=0.7,
    ),
    _pattern(
        "changes_levels",
        "interacts_with",
        _DRUGS,
        rf"{_TAIL}{_WHICH}{_AUX}(?:increas|decreas|rais|lower|reduc|enhanc|potentiat|inhibit)(?:e?s|e?d|ing|e)? the "
        r"(?:[\w-]+ ){0,2}(?:levels?|concentrations?|effects?|clearance|metabolism|toxicity|absorption) of ",
    ),
    _pattern(
        "diagnosed_by",
        "diagnosed_by",
        _TESTS,
        rf"{_TAIL}{_WHICH}{_AUX}(?:diagnosed|detected|confirmed|identified)(?: \w+ly)? {_MEANS} {_LEAD}",
    ),
    _pattern(
        "used_to_diagnose",
        "diagnosed_by",
        _TESTS,
        rf"{_TAIL}{_WHICH}{_AUX}(?:{_USED} (?:to (?:diagnose|detect|confirm)|for (?:the )?(?:diagnosis|detection) of)|"
        rf"diagnos(?:e[sd]?|ing)) {_LEAD}",
        is_turned=True,
    ),
)
