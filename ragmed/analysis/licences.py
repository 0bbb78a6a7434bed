"""What a licence allows, told from the words by which a source states it: a name, an SPDX identifier, an address or
a sentence.

Sources: the Creative Commons licences and their addresses, https://creativecommons.org/licenses/; SPDX identifiers,
https://spdx.org/licenses/.

This reads names, not law: what is not known here permits nothing. Attribution and share alike are duties that go with
commercial use and no bar to it; neither is "no derivatives" (ND), as long as the text is passed on unaltered.
"""

from __future__ import annotations

import re

_REFUSES = re.compile(
    r"\bnon ?commercial|\bno(?:t for)? (?:commercial|profit)|\ball rights reserved|"
    r"\b(?:academic|research|educational|personal|private|evaluation)(?: (?:and|or) \w+)* (?:use|purposes?)\b"
)
_PERMITS = re.compile(
    r"\bpublic ?domain\b|\b(?:u ?s|united states)(?: federal)? government works?\b|"
    r"\bworks? of the (?:u ?s|united states)(?: federal)? government\b|"
    r"\bapache\b|\b0?bsd\b|\bunlicense\b|\bpddl\b|\bodbl\b|\bodc by\b|\b[al]?gpl(?:v?\d|\b)|\bgfdl\b|\bmpl\b|"
    r"\bopen government licen[cs]e\b|\bogl\b"
)
_MIT = re.compile(r"\bMIT\b(?! Press)|^\s*mit\s*$")
"""In capitals: "mit" is a German word."""
_RESERVES = re.compile(
    r"\bcopyright (?:with|of|held|remains?|belongs?|by|owned)\b|\bpermission\b|\bterms\b|\bproprietary\b|\brestricted\b"
)

_CREATIVE_COMMONS = re.compile(r"\bcc ?(?:0|by)\b|\bcc (?:nc|sa|nd)\b|\bcreative ?commons\b")
_CC_ZERO = re.compile(r"\bcc ?0\b|\bpublic ?domain\b")
_CC_BY = re.compile(r"\bby\b|\battribution\b")
_CC_NC = re.compile(r"\bnc\b|\bnon ?commercial")
_CC_SA = re.compile(r"\bsa\b|\bshare ?alike")
_CC_ND = re.compile(r"\bnd\b|\bno ?deriv")
_VERSION = re.compile(r"\b\d\.\d\b")


def permits_commercial_use(licence: str) -> bool | None:
    """Whether a licence permits commercial use; None where its words do not tell.

    What ";" parts is read apart: one part that refuses refuses for all, and one that keeps rights back ("copyright
    with the publisher") leaves it open.

    >>> [permits_commercial_use(name) for name in ("CC BY 4.0", "cc-by-nc-sa-4.0", "CC0", "Apache-2.0")]
    [True, False, True, True]
    >>> permits_commercial_use("https://creativecommons.org/licenses/by-nc-nd/4.0/")
    False
    >>> permits_commercial_use("Distributed under the terms of the Creative Commons Attribution License")
    True
    >>> print(permits_commercial_use("MIT (dataset); abstracts: copyright with their publishers"))
    None
    >>> print(permits_commercial_use(""))
    None
    """
    said = [_said(part) for part in licence.split(";")]
    if "refuses" in said:
        return False
    return True if "permits" in said and "reserves" not in said else None


def is_licence(licence: str, name: str) -> bool:
    """Whether a licence is the one of that name, in whatever way it is stated; without a version, in any version.

    >>> is_licence("https://creativecommons.org/licenses/by/4.0/", "CC BY"), is_licence("CC BY-NC 4.0", "CC BY")
    (True, False)
    >>> is_licence("CC BY 3.0", "CC BY 4.0"), is_licence("cc-by-4.0", "CC BY 4.0")
    (False, True)
    """
    given, wanted = _plain(licence), _plain(name)
    if given == wanted:
        return bool(given)
    family = _creative_commons(wanted)
    if not family or ";" in licence or family != _creative_commons(given):
        return False
    versions = set(_VERSION.findall(wanted))
    return not versions or versions == set(_VERSION.findall(given))


def _said(part: str) -> str:
    plain = _plain(part)
    family = _creative_commons(plain)
    if _REFUSES.search(plain) or "NC" in family:
        return "refuses"
    if family or _PERMITS.search(plain) or _MIT.search(part):
        return "permits"
    return "reserves" if _RESERVES.search(plain) else "nothing"


def _creative_commons(plain: str) -> str:
    """The licence's short name without its version; empty where it is none of Creative Commons, or not said which."""
    if not _CREATIVE_COMMONS.search(plain):
        return ""
    if not _CC_BY.search(plain):
        return "CC0" if _CC_ZERO.search(plain) else ""
    limits = (("NC", _CC_NC), ("SA", _CC_SA), ("ND", _CC_ND))
    return "-".join(["CC BY", *(limit for limit, pattern in limits if pattern.search(plain))])


def _plain(text: str) -> str:
    """Lower-case words with one space between them; stops stay in numbers only."""
    text = re.sub(r"(?<!\d)\.|\.(?!\d)", " ", text.lower())
    return " ".join(re.sub(r"[^\w.]|_", " ", text).split())
