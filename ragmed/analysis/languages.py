"""In which language a text is written: by its script, and by function words where languages share one.

Function words (articles, prepositions, pronouns) are the commonest words of any text and differ between languages,
as in Grefenstette 1995, "Comparing two language identification schemes" (JADT). Rules and short lists only: a few
lines of prose are told reliably, a title or a list of names is not, and is said to be unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_READ_CHARS = 20_000
"""The beginning of a text tells its language."""
_MIN_WORDS, _MIN_LEAD, _MIN_SHARE = 3, 1.25, 0.08
"""Different function words needed; how many times as many as of the next language; their share of all words."""

_SCRIPTS = {
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "zh",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "HEBREW": "he",
    "ARABIC": "ar",
    "THAI": "th",
    "DEVANAGARI": "hi",
}
"""First word of a letter's Unicode name → the language most written in it."""

_WORDS: dict[str, str] = {
    "en": "the of and in to with for was were is are that this by from as at which be or not have has been it on an "
    "can may who your you their these than but if when we",
    "de": "der die das und ist von mit den dem des ein eine einer eines im zu auf für nicht sich als bei auch wird "
    "werden wurde wurden oder nach aus durch sind hat haben an am zur zum es sie",
    "fr": "le la les des du de et est une un dans en pour par sur avec au aux que qui ne pas sont ce cette ces ont été "
    "plus ou chez il elle nous vous être se à",
    "es": "el la los las de del y en un una que por con para se es son al lo como más fue fueron ha han su sus no o "
    "entre este esta sin sobre también",
    "it": "il lo la i gli le di del della dei delle e è in un una che per con da dal non si sono nel nella al alla "
    "come più anche stato stati ha hanno questo questa o",
    "pt": "o a os as de do da dos das e em um uma que por com para se é são no na nos nas ao à foi foram mais como "
    "não ou entre pelo pela este esta também",
    "nl": "de het een en van in is op te dat die voor met zijn niet aan er om ook als bij door werd worden wordt of "
    "uit naar hebben heeft kan deze",
    "sv": "och att det som en ett är på för med av den till inte har de i om vid var kan eller från vara hos efter",
    "da": "og at det som en et er på for med af den til ikke har de i om ved var kan eller fra være hos efter blev",
    "pl": "i w z na do się nie jest że o po od za przez oraz są to jak u dla lub który która które był była było ich",
    "cs": "a v na se je s z do že o k i pro po od jako jsou za ve byl byla bylo by nebo při které který však",
    "tr": "ve bir bu da de için ile olarak olan daha çok en gibi veya ise sonra kadar değil göre her ne o",
}
"""Function words by ISO 639-1 code. Norwegian reads as Danish: in these words they hardly differ."""

_PROFILES = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str) -> str:
    """ISO 639-1 code of the language; empty where it cannot be told.

    >>> language_of("The patient was treated with aspirin for the pain."), language_of("Aspirin 100 mg")
    ('en', '')
    >>> language_of("Der Patient wurde mit Aspirin behandelt."), language_of("患者接受了阿司匹林治疗")
    ('de', 'zh')
    """
    words = _WORD.findall(text[:_READ_CHARS].lower())
    script = _language_of_script(words)
    if script:
        return _cyrillic(words) if script == "ru" else script
    counts = Counter(words)
    # Different ones, so that a name often repeated ("van der Woude syndrome") is no language.
    used = sorted(
        ((len(profile & counts.keys()), language) for language, profile in _PROFILES.items()),
        key=lambda entry: (-entry[0], entry[1]),
    )
    (most, language), (next_most, _) = used[:2]
    share = sum(counts[word] for word in _PROFILES[language]) / max(1, len(words))
    return language if most >= max(_MIN_WORDS, _MIN_LEAD * next_most) and share >= _MIN_SHARE else ""


def _language_of_script(words: list[str]) -> str:
    """The language of the script that most letters are of; empty for Latin letters."""
    letters = Counter("".join(words))
    found: Counter[str] = Counter()
    for letter, n in letters.items():
        if letter > "\u024f":
            script = unicodedata.name(letter, "").split(" ")[0]
            found[_SCRIPTS.get(script, "")] += n
    found.pop("", None)
    if 2 * found.total() <= letters.total():
        return ""
    # Japanese writes its nouns in Chinese characters, and no Chinese has kana.
    if 10 * found["ja"] > found["zh"] + found["ja"]:
        found["ja"] += found.pop("zh", 0)
    return max(sorted(found), key=lambda language: found[language])


def _cyrillic(words: list[str]) -> str:
    """Ukrainian has letters that Russian lacks; of others nothing is said."""
    letters = set("".join(words))
    if letters & set("іїєґ"):
        return "uk"
    return "ru" if letters & set("ыэё") or not letters & set("ђјљњћџў") else ""
