"""Which option a model's reply names: strictly, and as MIRAGE's own script reads it.

**Strict** (`parse_choice`): what the reply declares, or nothing. Read, in this order: the last ``"answer_choice"``
(or ``"choice"``, ``"answer"``) of JSON, whole, fenced, cut off or with text around it; statements such as "the answer
is (B)"; lines that are nothing but a choice. A choice is a letter, in either case and with marks around it, a letter
followed by its option, or an option's text word for word. Two that differ, a letter that is no option, a letter beside
another option's text: ``unparsed``. There is no default. ``abstained`` only where the reply says in so many words that
it does not know.

**Legacy** (`legacy_choice`): what the script that computed MIRAGE's published figures makes of a reply (Xiong et al.
2024, https://github.com/Teddy-XiongGZ/MIRAGE, ``src/evaluate.py`` and ``src/utils.py``). The text behind the last
``"answer_choice": "`` is tried against ordered patterns that know the letters A to D; where none fits the answer is
"A", whatever was said. Only the first reply of a prediction's list counts: there is no vote. A list without replies
counts as wrong, a reply that is empty as "A". One model, PMC-LLaMA, has patterns of its own.

Answers to questions without options are yes, no or maybe.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ragmed.answers.reply import parse_reply
from ragmed.types import Outcome, Question, Result

YES_NO_MAYBE = {"yes": "yes", "no": "no", "maybe": "maybe"}
"""The options of a question that has none."""


@dataclass(frozen=True, slots=True)
class ParsedChoice:
    """What became of a reply. ``choice`` is a key of the options, empty unless ``outcome`` is ``"answered"``.

    ``found`` says where: ``"json"``, ``"statement"``, ``"line"``, or, of an answer in ragmed's own form, ``"answer"``.
    """

    outcome: Outcome
    choice: str = ""
    found: str = ""


UNPARSED = ParsedChoice("unparsed")


# Strict -----------------------------------------------------------------------------------------------------------

_KEYS = ("answer_choice", "choice", "answer")
_DECLARED = {
    # Not a template repeated from the prompt: "answer_choice": Str{A/B/C/...}.
    key: re.compile(rf"""(?<!\\)(["']){key}\1\s*:(?!\s*Str\b)\s*""", re.IGNORECASE)
    for key in _KEYS
}
_BARE_VALUE = re.compile(r"""'([^'\n]*)'|([A-Za-z][^,}\n"']{0,200})""")
_DECODER = json.JSONDecoder(strict=False)

_MARKS = re.compile(r"[*`]+|\\(?:boxed|text|mathrm|textbf)\b|[{}$]")
_OPEN, _CLOSE = r"""[(\["'“]""", r"""[)\]"'”]"""
_PREFIX = rf"{_OPEN}*(?:(?:option|choice|answer)\s+)?"
_ALONE = re.compile(rf"\s*{_PREFIX}{_OPEN}*(?P<letter>[A-Za-z]){_CLOSE}*[.:]?{_CLOSE}*\s*", re.IGNORECASE)
_WITH_TEXT = re.compile(
    rf"\s*{_PREFIX}(?:(?P<marked>{_OPEN}\s*[A-Za-z]\s*{_CLOSE})|(?P<letter>[A-Za-z]))(?![\w'’])"
    r"(?P<mark>\s*[.):=]|\s+[-–—])?\s*(?P<rest>\S.*)",
    re.DOTALL,
)
_TEXT_WITH_LETTER = re.compile(rf"\s*(?P<text>.*\S)\s*{_OPEN}(?P<letter>[A-Za-z]){_CLOSE}[.]?\s*", re.DOTALL)
_MORE_LETTERS = re.compile(r"(?:and\b|or\b|[/,&+])?\s*[(\[]?[A-Z][)\]]?(?=\s*(?:$|[.,;:)\]/&+]|and\b|or\b))")

_QUOTES = " \t\n\"'“(["
_END = re.compile(r"""(?=\s*(?:$|[.,;:!)\]"'”\n(–—-]|because\b|since\b|as\b|for\b))""")
_STATEMENT = re.compile(
    r"(?:(?<![\w'’-])(?P<before>[\w'’-]{1,30})[^\S\n]+)?\b(?P<noun>answer|choice|option)(?:[^\S\n]+choice)?[^\S\n]*"
    r"(?:(?:is|would[^\S\n]+be|should[^\S\n]+be|must[^\S\n]+be)\b"
    r"(?:[^\S\n]+(?:therefore|thus|then|hence|clearly|indeed|most[^\S\n]+likely|likely|probably))*[^\S\n]*:?|:)\s*"
    r"(?:(?:option|choice|answer)[^\S\n]+)?",
    re.IGNORECASE,
)
_STATED_LETTER = re.compile(rf"(?P<marked>{_OPEN}\s*[A-Za-z]\s*{_CLOSE}+)|(?P<letter>[A-Z])(?![\w'’])")
_IS_THE_ANSWER = re.compile(
    r"(?:(?<![\w,/])(?P<before>[\w,/]{1,30})[^\S\n]+)?[(\[]?\b(?P<letter>[A-Z])[)\]]?\.?[^\S\n]+is[^\S\n]+"
    r"(?:therefore[^\S\n]+)?the[^\S\n]+(?:single[^\S\n]+)?(?:correct|right|best|final|most[^\S\n]+\w+)[^\S\n]+"
    r"(?:answer|choice|option)\b"
)
_NOT_THE_ANSWER = frozenset(
    """
    incorrect wrong false possible plausible another other alternative previous no an each one first second
    """.split()  # noqa: SIM905
)
_NOT_ALONE = frozenset({"and", "or", "nor", "neither", "either", "not"})
_UNDER_CONDITION = re.compile(r"\b(?:if|whether|unless|neither|had)\s+(?:(?:the|an?|correct|right|best)\s+)*$", re.I)

_ABSTAINS = re.compile(
    r"(?:i (?:must )?)?abstain(?:s|ed)?|no answer|unanswerable|unknown|(?:i(?:'m| am) )?(?:not sure|unsure)"
    r"|(?:i )?(?:do not|don't|cannot|can't) know\b.*"
    r"|(?:(?:the|this|it) )?(?:correct )?(?:answer |question )?(?:is|cannot be|can not be|can't be|could not be) "
    r"(?:unknown|determined|answered|unanswerable)\b.*"
    r"|(?:i )?(?:cannot|can not|can't|could not|am unable to|unable to) (?:answer|determine|decide|tell)\b.*"
    r"|(?:there (?:is|are) )?(?:insufficient|not enough|no sufficient) (?:information|evidence|data|context)\b.*"
    r"|(?:the )?(?:information|evidence|data) (?:(?:is|are) )?(?:not (?:available|sufficient)|unavailable|insufficient)"
    r"\b.*",
    re.IGNORECASE,
)
_MAX_ABSTENTION_CHARS = 300
_MAX_VALUE_CHARS = 3000
"""What is longer is no choice."""


def parse_choice(reply: str, options: Mapping[str, str] | None = None) -> ParsedChoice:
    """The choice that a reply declares, read strictly.

    >>> options = {"A": "yes", "B": "no"}
    >>> parse_choice('Sure: {"step_by_step_thinking": "…", "answer_choice": "b. no"} Good luck!', options).choice
    'B'
    >>> parse_choice("So the answer is (A).", options).choice
    'A'
    >>> parse_choice("It could be A or B.", options).outcome, parse_choice("C", options).outcome
    ('unparsed', 'unparsed')

    Args:
        reply: what the model said, verbatim.
        options: letter → text; None: the answer is yes, no or maybe.
    """
    options = options or YES_NO_MAYBE
    if "<think>" in reply or "</think>" in reply:
        _, end, reply = reply.rpartition("</think>")
        if not end:
            return UNPARSED  # it was cut off before it came to an answer
    if _abstains_in_our_form(reply):
        return ParsedChoice("abstained", found="json")
    declared = _declared(reply)
    if declared is not None:
        return _outcome(declared, options, "json")
    text = _MARKS.sub(" ", reply)
    stated = set(_stated(text, options))
    if stated:
        return _one_of(stated, options, "statement")
    if len(text) <= _MAX_ABSTENTION_CHARS and _abstains(text) and not read_choice(text, options):
        return ParsedChoice("abstained", found="statement")
    lines = {choice for line in text.splitlines() if (choice := _bare_choice(line, options))}
    return _one_of(lines, options, "line") if lines else UNPARSED


def read_choice(value: str, options: Mapping[str, str] | None = None) -> str:
    """The key of the option that a short value names; empty where it names none or more than one.

    >>> options = {"A": "HBsAg", "B": "anti-HBs"}
    >>> [read_choice(value, options) for value in ("b", "(B)", "Option B", "B. anti-HBs", "anti-HBs.", "A or B", "E")]
    ['B', 'B', 'B', 'B', 'B', '', '']
    """
    options = options or YES_NO_MAYBE
    if len(value) > _MAX_VALUE_CHARS:
        return ""
    value = _MARKS.sub(" ", value).strip()
    if value in options:
        return value
    by_text = [key for key, text in options.items() if _plain(text) == _plain(value)]
    alone = _ALONE.fullmatch(value)
    if alone is not None:
        letter = alone["letter"].upper()
        if letter in options:
            # "c" where one option is called C and another reads "c"
            clash = alone["letter"].islower() and any(key != letter for key in by_text)
            return "" if clash else letter
    if by_text:
        return by_text[0] if len(by_text) == 1 else ""
    return _letter_and_text(value, options)


def choice_of(question: Question, result: Result | None) -> ParsedChoice:
    """What a system chose for a question; ``failed`` where there is no result or the system gave none."""
    options = question.query.options or YES_NO_MAYBE
    if result is None:
        return ParsedChoice("failed")
    if result.answer is not None:
        if result.answer.outcome != "answered":
            return ParsedChoice(result.answer.outcome)
        choice = read_choice(result.answer.choice or "", options)
        return ParsedChoice("answered", choice, "answer") if choice else UNPARSED
    if result.reply is None:
        return ParsedChoice("failed")
    return parse_choice(result.reply, options)


def _abstains_in_our_form(reply: str) -> bool:
    if '"abstain"' not in reply:
        return False
    try:
        ours = parse_reply(reply)
    except RecursionError:
        return False
    return ours is not None and bool(ours.abstain)


def _declared(reply: str) -> object:
    """The value of the last JSON field that holds an answer; None where there is no such field."""
    for key in _KEYS:
        found: object = None
        for match in _DECLARED[key].finditer(reply):
            found = _value(reply, match.end())
        if found is not None:
            return found
    return None


def _value(reply: str, start: int) -> object:
    """The JSON value at ``start``; a word without quotation marks, or in single ones, is taken as a string."""
    try:
        if reply[start : start + 1] in {'"', "["}:
            return _DECODER.raw_decode(reply, start)[0]
    except (ValueError, RecursionError):
        return ""
    match = _BARE_VALUE.match(reply, start)
    return "" if match is None else match[1] if match[1] is not None else match[2].strip()


def _outcome(value: object, options: Mapping[str, str], found: str) -> ParsedChoice:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        return UNPARSED
    choice = read_choice(value, options)
    if choice:
        return ParsedChoice("answered", choice, found)
    if stated := set(_stated(_MARKS.sub(" ", value), options)):
        return _one_of(stated, options, found)
    return ParsedChoice("abstained", found=found) if _abstains(value) else UNPARSED


def _one_of(choices: set[str], options: Mapping[str, str], found: str) -> ParsedChoice:
    """The choice, where there is exactly one and it is an option."""
    if len(choices) == 1 and (choice := next(iter(choices))) in options:
        return ParsedChoice("answered", choice, found)
    return UNPARSED


def _letter_and_text(value: str, options: Mapping[str, str]) -> str:
    """The letter of "B. anti-HBs", "B anti-HBs", "anti-HBs (B)"."""
    match = _TEXT_WITH_LETTER.fullmatch(value)
    if match is not None:
        letter = match["letter"].upper()
        if letter in options and _plain(match["text"]) == _plain(options[letter]):
            return letter
    match = _WITH_TEXT.fullmatch(value)
    if match is None:
        return ""
    letter = _letter(match)
    rest = _plain(match["rest"])
    if letter not in options:
        return ""
    if rest == _plain(options[letter]):
        return letter
    if any(_plain(text) in {rest, _plain(value)} for text in options.values()):
        return ""
    marked = match["marked"] or (match["mark"] and match["letter"].isupper())
    if not marked or _MORE_LETTERS.match(match["rest"]):
        return ""
    whole = _plain(value)
    if any(
        len(other) > 3 and (other.startswith(whole) or whole.startswith(other))
        for key, text in options.items()
        if key != letter and (other := _plain(text))
    ):
        return ""  # "E. coli infection" is no letter
    return letter


def _bare_choice(line: str, options: Mapping[str, str]) -> str:
    """The choice of a line that is nothing but one; "?" where it is none of the options, or several."""
    if not line.strip() or len(line) > _MAX_VALUE_CHARS:
        return ""
    alone = _ALONE.fullmatch(line)
    if alone is not None:
        small = line.strip().isalpha() and line.strip().islower()
        return "" if small else read_choice(line, options) or "?"
    said = {_plain(text) for text in options.values()}
    with_text, with_letter = _WITH_TEXT.fullmatch(line), _TEXT_WITH_LETTER.fullmatch(line)
    parts = [line, with_text["rest"] if with_text else "", with_letter["text"] if with_letter else ""]
    return read_choice(line, options) or "?" if any(_plain(part) in said for part in parts) else ""


def _stated(text: str, options: Mapping[str, str]) -> Iterator[str]:
    """What the text says the answer is, each time it says so: a key, or "?" for what is no option."""
    for match in _STATEMENT.finditer(text):
        before = (match["before"] or "").casefold()
        if before in _NOT_THE_ANSWER or _UNDER_CONDITION.search(text, max(0, match.start() - 40), match.start("noun")):
            continue
        yield from _stated_at(text, match.end(), options)
    for match in _IS_THE_ANSWER.finditer(text):
        before = (match["before"] or "").casefold()
        yield "?" if before in _NOT_ALONE or before.endswith((",", "/")) else match["letter"]


def _stated_at(text: str, start: int, options: Mapping[str, str]) -> Iterator[str]:
    """What a statement names: an option's text, the longest that fits, or a letter."""
    rest = text[start : start + _MAX_VALUE_CHARS]
    fits = [key for key in sorted(options, key=lambda key: -len(options[key])) if _starts_with(rest, options[key])]
    if fits and len(options[fits[0]].strip()) > 1:
        same = [key for key in fits if _plain(options[key]) == _plain(options[fits[0]])]
        yield same[0] if len(same) == 1 else "?"
        return
    match = _STATED_LETTER.match(rest)
    if match is None:
        return
    letter = _letter(match)
    after = rest[match.end() :]
    own_text = _starts_with(after.lstrip(" \t.):=–—-"), options.get(letter, ""))
    if match["marked"] or own_text or _END.match(after):
        yield letter
        if not own_text and re.match(r"\s*(?:and\b|or\b|[/,&+])", after) and _MORE_LETTERS.match(after.lstrip()):
            yield "?"


def _starts_with(text: str, option: str) -> bool:
    """Whether a text begins with an option's, in quotation marks or without, and then stops or pauses."""
    words = _MARKS.sub(" ", option).strip(" .").split()
    return bool(words) and any(_follow(text, start, words) for start in {0, len(text) - len(text.lstrip(_QUOTES))})


def _follow(text: str, start: int, words: Sequence[str]) -> bool:
    """Whether the words stand at ``start``, with nothing but white space between them."""
    for word in words:
        while text[start : start + 1].isspace():
            start += 1
        if text[start : start + len(word)].casefold() != word.casefold():
            return False
        start += len(word)
    return _END.match(text, start) is not None


def _letter(match: re.Match[str]) -> str:
    """The letter of a match that holds it bare, or in brackets or quotation marks."""
    return next(c for c in match["marked"] or match["letter"] if c.isalpha()).upper()


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub(" ", text).casefold().split()).strip(" .\"'")


def _abstains(text: str) -> bool:
    text = " ".join(text.split()).strip(" .\"'")
    return len(text) <= _MAX_ABSTENTION_CHARS and _ABSTAINS.fullmatch(text.replace("’", "'")) is not None


# Legacy -----------------------------------------------------------------------------------------------------------

LEGACY_DEFAULT = "A"
_LEGACY_FIELD = '"answer_choice": "'
_LEGACY = tuple(
    re.compile(pattern)
    for pattern in (
        r"^\s*([ABCD])$",
        r"^\s*([ABCD]) or",
        r"^\s*([ABCD]) and",
        r"^\s*([ABCD])/",
        r"^\s*([ABCD]),",
        r"[Oo]ption ([ABCD])",
        r":\s*([ABCD])",
        r"^\s*([ABCD])\.",
        r'^\s*([ABCD])"',
        r"^\s*([ABCD]):",
    )
)
_LEGACY_PMC_LLAMA = tuple(
    re.compile(pattern) for pattern in (r"[Oo]ption ([ABCD])", r"OPTION ([ABCD])", r'^\s*([ABCD])"', r"^\s*([ABCD]):")
)


def legacy_choice(replies: Sequence[str], model: str = "") -> str | None:
    """The letter that MIRAGE's script takes a prediction for; None where it counts it wrong unseen.

    >>> legacy_choice(['{"answer_choice": "B. HBsAg"}']), legacy_choice(["I do not know."]), legacy_choice([])
    ('B', 'A', None)

    Args:
        replies: the strings of a prediction's list; all but the first are passed over.
        model: the model's name; with "pmc_llama" in it, PMC-LLaMA's patterns are used.
    """
    if not replies:
        return None
    return legacy_match(replies[0], model) or LEGACY_DEFAULT


def legacy_match(reply: str, model: str = "") -> str:
    """The letter that one of the script's patterns finds in a reply; empty where it would fall back on "A"."""
    text = reply.split(_LEGACY_FIELD)[-1].strip()
    patterns = _LEGACY
    if "pmc_llama" in model.lower():
        text = text.split("Answer:")[-1]
        patterns = _LEGACY_PMC_LLAMA
    for pattern in patterns:
        match = pattern.search(text)
        if match is not None:
            return match[1]
    return ""
