"""Whether a sentence affirms, denies or hedges: cue words, nothing more.

The cues follow NegEx (Chapman et al. 2001, J Biomed Inform 34(5), "A Simple Algorithm for Identifying
Negated Findings") and the hedges of BioScope (Vincze et al. 2008, BMC Bioinformatics 9(S11)). A cue
denies the whole sentence: its scope is not worked out.
"""

from __future__ import annotations

import re

_NEGATION = re.compile(
    r"\b(?:no|not|nor|neither|never|none|cannot|can't|without|absen(?:t|ce)|lacks?|lacking|fail(?:s|ed|ure)? to|"
    r"unlikely|unrelated|ineffective|insignificant|rules? out|ruled out|do(?:es)? not occur|"
    r"did(?:n't| not)|was(?:n't| not)|were(?:n't| not)|unchanged|little evidence|no evidence)\b",
    re.IGNORECASE,
)
_NOT_A_NEGATION = re.compile(
    r"\b(?:not only|not necessarily|whether or not|no longer|not recorded|not known)\b", re.IGNORECASE
)
_HEDGE = re.compile(
    r"\b(?:may|might|could|possibl[ey]|perhaps|potential(?:ly)?|uncertain|unclear|inconclusive|controversial|"
    r"suggest(?:s|ed|ing)?|further (?:stud(?:y|ies)|research|investigation)|remains? to be|seems?|appears? to)\b",
    re.IGNORECASE,
)


def denies(sentence: str) -> bool:
    """Whether a sentence holds a negation.

    >>> denies("There was no difference between the groups."), denies("It not only hurts.")
    (True, False)
    """
    return bool(_NEGATION.search(_NOT_A_NEGATION.sub(" ", sentence)))


def hedges(sentence: str) -> bool:
    """Whether a sentence holds back its claim.

    >>> hedges("Further studies are needed."), hedges("Aspirin reduced mortality.")
    (True, False)
    """
    return bool(_HEDGE.search(sentence))
