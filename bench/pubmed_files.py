"""Files as NLM writes them, with invented content: for the benchmark and for tests.

The layout (order of elements, indentation, lists) follows ``pubmed_250101.dtd`` and the size of records that of recent
baseline files: authors with affiliations, MeSH headings, chemicals, history, references with their ids. All words and
names are made of syllables, drawn with the frequencies of a natural text, so that the file compresses as text does.
"""

from __future__ import annotations

import gzip
import itertools
import random
import re
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n<PubmedArticleSet>\n'
)
_TAIL = "</PubmedArticleSet>\n"
_SYLLABLES = re.findall(
    "..",
    "cardivalurogesemihepatonarystedirmagasetrinsulyothrombcytelphkimnuthedigticalprtingeomicexsion",
)
_LABELS = ("BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS")
_TYPES = ("Journal Article", "Review", "Randomized Controlled Trial", "Comparative Study", "Case Reports", "Letter")
_LANGUAGES = ("eng",) * 20 + ("ger", "fre", "spa", "chi", "jpn")
_QUALIFIERS = ("drug therapy", "genetics", "administration &amp; dosage", "adverse effects", "metabolism", "diagnosis")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
N_WORDS = 20_000
SHARE_WITHOUT_ABSTRACT = 0.12


def write_file(path: Path, n_articles: int, seed: int, first_pmid: int = 1) -> int:
    """Write a gzip file of so many records; returns its size unpacked, in bytes."""
    n_bytes = 0
    with gzip.open(path, "wb", compresslevel=6) as file:
        for piece in itertools.chain([_HEAD], articles(n_articles, seed, first_pmid), [_TAIL]):
            n_bytes += file.write(piece.encode())
    return n_bytes


def articles(n_articles: int, seed: int, first_pmid: int = 1) -> Iterator[str]:
    """Records one after another, the same for the same seed."""
    words = _Words(random.Random(seed))
    for pmid in range(first_pmid, first_pmid + n_articles):
        yield _article(words, pmid)


class _Words:
    """Draws words, names and numbers."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        made = ("".join(chance.choices(_SYLLABLES, k=chance.randint(1, 6))) for _ in itertools.count())
        distinct = list(itertools.islice(dict.fromkeys(itertools.islice(made, 3 * N_WORDS)), N_WORDS))
        self.words = sorted(distinct, key=lambda word: len(word) + chance.randint(0, 12))  # common words are short
        self.weights = list(itertools.accumulate(1 / rank for rank in range(3, len(self.words) + 3)))

    def some(self, n: int) -> list[str]:
        return self.chance.choices(self.words, cum_weights=self.weights, k=n)

    def name(self, n: int) -> str:
        """So many words, rare ones as likely as common ones, capitalised."""
        return " ".join(word.capitalize() for word in self.chance.choices(self.words, k=n))

    def sentences(self, n_words: int) -> str:
        """Running text with numbers, and now and then markup, an entity or a letter beyond ASCII."""
        words = self.some(n_words)
        for at in range(0, n_words, 9):
            words[at] = f"{self.chance.uniform(0, 100):.{self.chance.randint(0, 2)}f}%"
        for at in range(7, n_words, 13):
            words[at] += self.chance.choice((".", ",", ",", " (95% CI 1.1-2.4).", "; P &lt; 0.05."))
        if self.chance.random() < 0.3:
            words[0] += self.chance.choice((" CO<sub>2</sub>", " <i>in vitro</i>", " 10<sup>6</sup>/L", " β-", " µg"))
        return " ".join(words).capitalize() + "."


def _article(words: _Words, pmid: int) -> str:
    chance = words.chance
    year, month, day = chance.randint(1975, 2025), chance.randint(1, 12), chance.randint(1, 28)
    doi = f"10.{chance.randint(1000, 9999)}/{words.some(1)[0]}.{year}.{chance.randint(1, 10**6)}"
    pmc = f'\n        <ArticleId IdType="pmc">PMC{pmid + 5000}</ArticleId>' if chance.random() < 0.3 else ""
    return f"""  <PubmedArticle>
    <MedlineCitation Status="MEDLINE" Owner="NLM" IndexingMethod="Automated">
      <PMID Version="1">{pmid}</PMID>
      <DateCompleted>
        <Year>{year}</Year>
        <Month>{month:02d}</Month>
        <Day>{day:02d}</Day>
      </DateCompleted>
      <DateRevised>
        <Year>{year + 1}</Year>
        <Month>{month:02d}</Month>
        <Day>{day:02d}</Day>
      </DateRevised>
      <Article PubModel="Print-Electronic">
        <Journal>
          <ISSN IssnType="Electronic">{chance.randint(1000, 9999)}-{chance.randint(1000, 9999)}</ISSN>
          <JournalIssue CitedMedium="Internet">
            <Volume>{chance.randint(1, 400)}</Volume>
            <Issue>{chance.randint(1, 24)}</Issue>
            {_pub_date(chance, year, month, day)}
          </JournalIssue>
          <Title>{words.name(5)}</Title>
          <ISOAbbreviation>{words.name(3)}</ISOAbbreviation>
        </Journal>
        <ArticleTitle>{words.sentences(chance.randint(8, 20))}</ArticleTitle>
        <Pagination>
          <StartPage>{chance.randint(1, 900)}</StartPage>
          <MedlinePgn>{chance.randint(1, 900)}-9</MedlinePgn>
        </Pagination>
        <ELocationID EIdType="doi" ValidYN="Y">{doi}</ELocationID>{_abstract(words)}
        <AuthorList CompleteYN="Y">{_authors(words)}
        </AuthorList>
        <Language>{chance.choice(_LANGUAGES)}</Language>
        <PublicationTypeList>
          <PublicationType UI="D{chance.randint(1, 999999):06d}">{chance.choice(_TYPES)}</PublicationType>
          <PublicationType UI="D013485">Research Support, Non-U.S. Gov't</PublicationType>
        </PublicationTypeList>
        <ArticleDate DateType="Electronic">
          <Year>{year}</Year>
          <Month>{month:02d}</Month>
          <Day>{day:02d}</Day>
        </ArticleDate>
      </Article>
      <MedlineJournalInfo>
        <Country>{words.name(1)}</Country>
        <MedlineTA>{words.name(3)}</MedlineTA>
        <NlmUniqueID>{chance.randint(1, 10**8)}</NlmUniqueID>
        <ISSNLinking>{chance.randint(1000, 9999)}-{chance.randint(1000, 9999)}</ISSNLinking>
      </MedlineJournalInfo>
{_indexing(words)}\
      <KeywordList Owner="NOTNLM">{"".join(_keyword(words) for _ in range(chance.randint(0, 6)))}
      </KeywordList>
    </MedlineCitation>
    <PubmedData>
      <History>{"".join(_history(chance, status, year) for status in ("received", "accepted", "pubmed", "medline"))}
      </History>
      <PublicationStatus>ppublish</PublicationStatus>
      <ArticleIdList>
        <ArticleId IdType="pubmed">{pmid}</ArticleId>
        <ArticleId IdType="doi">{doi}</ArticleId>{pmc}
      </ArticleIdList>{_references(words, pmid)}
    </PubmedData>
  </PubmedArticle>
"""


def _pub_date(chance: random.Random, year: int, month: int, day: int) -> str:
    if chance.random() < 0.1:
        date = f"<MedlineDate>{year} {_MONTHS[month - 1]}-{_MONTHS[month % 12]}</MedlineDate>"
    else:
        date = f"<Year>{year}</Year>\n              <Month>{_MONTHS[month - 1]}</Month>"
        date += f"\n              <Day>{day:02d}</Day>" if chance.random() < 0.6 else ""
    return f"<PubDate>\n              {date}\n            </PubDate>"


def _abstract(words: _Words) -> str:
    chance = words.chance
    if chance.random() < SHARE_WITHOUT_ABSTRACT:
        return ""
    if chance.random() < 0.5:
        parts = f"\n          <AbstractText>{words.sentences(chance.randint(120, 260))}</AbstractText>"
    else:
        parts = "".join(
            f'\n          <AbstractText Label="{label}" NlmCategory="{label}">'
            f"{words.sentences(chance.randint(30, 90))}</AbstractText>"
            for label in _LABELS
        )
    return f"\n        <Abstract>{parts}\n        </Abstract>"


def _authors(words: _Words) -> str:
    """Up to eleven, of whom several share an affiliation."""
    places = [words.name(words.chance.randint(8, 20)) for _ in range(words.chance.randint(1, 3))]
    return "".join(_author(words, words.chance.choice(places)) for _ in range(words.chance.randint(1, 11)))


def _author(words: _Words, place: str) -> str:
    return f"""
          <Author ValidYN="Y">
            <LastName>{words.name(1)}</LastName>
            <ForeName>{words.name(2)}</ForeName>
            <Initials>{words.name(1)[:2].upper()}</Initials>
            <AffiliationInfo>
              <Affiliation>{place}.</Affiliation>
            </AffiliationInfo>
          </Author>"""


def _indexing(words: _Words) -> str:
    """What NLM's indexers add; a quarter of the records is not indexed."""
    chance = words.chance
    if chance.random() < 0.25:
        return ""
    return f"""\
      <ChemicalList>{"".join(_chemical(words) for _ in range(chance.randint(1, 6)))}
      </ChemicalList>
      <CitationSubset>IM</CitationSubset>
      <MeshHeadingList>{"".join(_heading(words) for _ in range(chance.randint(6, 16)))}
      </MeshHeadingList>
"""


def _chemical(words: _Words) -> str:
    ui = f"D{words.chance.randint(1, 999999):06d}"
    return f"""
        <Chemical>
          <RegistryNumber>{words.chance.randint(1, 10**6)}-00-0</RegistryNumber>
          <NameOfSubstance UI="{ui}">{words.name(2)}</NameOfSubstance>
        </Chemical>"""


def _heading(words: _Words) -> str:
    chance = words.chance
    qualifiers = "".join(
        f'\n          <QualifierName UI="Q{chance.randint(1, 999999):06d}" MajorTopicYN="{chance.choice("YN")}">'
        f"{qualifier}</QualifierName>"
        for qualifier in chance.sample(_QUALIFIERS, k=chance.choice((0, 0, 1, 2)))
    )
    return f"""
        <MeshHeading>
          <DescriptorName UI="D{chance.randint(1, 999999):06d}" MajorTopicYN="N">{words.name(2)}</DescriptorName>\
{qualifiers}
        </MeshHeading>"""


def _keyword(words: _Words) -> str:
    return f'\n        <Keyword MajorTopicYN="N">{escape(words.name(2))}</Keyword>'


def _history(chance: random.Random, status: str, year: int) -> str:
    return f"""
        <PubMedPubDate PubStatus="{status}">
          <Year>{year}</Year>
          <Month>{chance.randint(1, 12)}</Month>
          <Day>{chance.randint(1, 28)}</Day>
          <Hour>6</Hour>
          <Minute>0</Minute>
        </PubMedPubDate>"""


def _references(words: _Words, pmid: int) -> str:
    """None for half of the records: publishers supply them, and not all do."""
    chance = words.chance
    n = chance.choice((0, chance.randint(5, 25)))
    references = "".join(
        f"""
        <Reference>
          <Citation>{words.name(5)}. {chance.randint(1975, 2025)};{chance.randint(1, 99)}:1-9.</Citation>
          <ArticleIdList>
            <ArticleId IdType="doi">10.{chance.randint(1000, 9999)}/{chance.randint(1, 10**9)}</ArticleId>
            <ArticleId IdType="pubmed">{chance.randint(1, 10**7) + pmid}</ArticleId>
          </ArticleIdList>
        </Reference>"""
        for _ in range(n)
    )
    return f"\n      <ReferenceList>{references}\n      </ReferenceList>" if n else ""
