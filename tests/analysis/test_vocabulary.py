"""Vocabularies: what is read from each source, what is found in a text, what is written and opened again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.analysis.vocabulary import Concept, Vocabulary, key_of, new_words, tokens_of, write_vocabulary
from ragmed.analysis.vocabulary_abbreviations import Abbreviations, definitions, long_form, mine, write_abbreviations
from ragmed.analysis.vocabulary_drugs import drugs
from ragmed.analysis.vocabulary_hpo import hpo_diseases, hpo_terms
from ragmed.analysis.vocabulary_icd10cm import icd10cm_entries
from ragmed.analysis.vocabulary_mesh import mesh_descriptors
from ragmed.analysis.vocabulary_spelling import Words, distance, write_words
from ragmed.errors import DamagedFile
from ragmed.types import Name

ATTACK = Concept(
    "HP:0001658",
    "hpo",
    "finding",
    (Name("Myocardial infarction", "preferred"), Name("Heart attack", "lay"), Name("MI", "abbreviation")),
)
HEART = Concept("X:1", "hpo", "finding", (Name("Heart", "preferred"),))
DIABETES = Concept("X:2", "icd10cm", "disease", (Name("Type 2 diabetes mellitus", "preferred"),))
HEPATITIS = Concept("X:3", "hpo", "finding", (Name("Hepatitis", "preferred"),))


@pytest.fixture
def vocabulary(tmp_path: Path) -> Vocabulary:
    assert write_vocabulary(tmp_path, [ATTACK, HEART, DIABETES, HEPATITIS]) == 4
    return Vocabulary(tmp_path)


def found(vocabulary: Vocabulary, text: str) -> list[str]:
    return [mention.text for mention in vocabulary.mentions(text)]


# ── the vocabulary ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_concept_comes_back_as_it_was_written(vocabulary: Vocabulary) -> None:
    assert [vocabulary.concept(row) for row in range(len(vocabulary))] == [ATTACK, HEART, DIABETES, HEPATITIS]


def test_the_longest_name_is_found(vocabulary: Vocabulary) -> None:
    assert found(vocabulary, "a heart attack, the heart") == ["heart attack", "heart"]


def test_singular_and_plural_are_one_name(vocabulary: Vocabulary) -> None:
    assert found(vocabulary, "Heart attacks") == ["Heart attacks"]


def test_words_of_one_stem_are_not_one_name(vocabulary: Vocabulary) -> None:
    assert found(vocabulary, "hepatic") == []
    assert found(vocabulary, "hepatitis") == ["hepatitis"]


def test_part_of_a_word_is_no_name(vocabulary: Vocabulary) -> None:
    assert found(vocabulary, "heartburn") == []


def test_a_name_does_not_reach_over_a_sentence(vocabulary: Vocabulary) -> None:
    assert found(vocabulary, "It is the heart. Attack it.") == ["heart"]


@pytest.mark.parametrize(("text", "n_found"), [("an MI", 1), ("two MIs", 1), ("mi casa", 0), ("Mi", 0)])
def test_a_short_form_is_found_as_it_is_written(vocabulary: Vocabulary, text: str, n_found: int) -> None:
    assert len(found(vocabulary, text)) == n_found


def test_a_name_is_found_by_itself(vocabulary: Vocabulary) -> None:
    assert vocabulary.find("heart attacks") == (0,)
    assert vocabulary.find("cough") == ()


def test_an_accent_makes_no_difference(tmp_path: Path) -> None:
    write_vocabulary(tmp_path, [Concept("X:1", "hpo", "finding", (Name("Café-au-lait spot", "preferred"),))])
    assert found(Vocabulary(tmp_path), "Cafe au lait spots; cafe\u0301-au-lait spot") == [
        "Cafe au lait spots",
        "café-au-lait spot",
    ]


def test_an_empty_vocabulary_finds_nothing(tmp_path: Path) -> None:
    assert write_vocabulary(tmp_path, []) == 0
    vocabulary = Vocabulary(tmp_path)
    assert found(vocabulary, "fever") == []
    assert vocabulary.find("fever") == ()
    assert vocabulary.words.near("fever", 2) == []


def test_names_of_stop_words_digits_or_one_letter_are_not_looked_for(tmp_path: Path) -> None:
    names = ("The", "12", "A", "Fever")
    write_vocabulary(tmp_path, [Concept(name, "hpo", "finding", (Name(name, "preferred"),)) for name in names])
    assert found(Vocabulary(tmp_path), "the 12 A fever") == ["fever"]


def test_two_writings_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_vocabulary(tmp_path / name, [ATTACK, HEART])
    one, two = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in sorted((tmp_path / n).rglob("*")) if p.is_file()}
        for n in ("one", "two")
    )
    assert list(one.values()) == list(two.values())


@given(st.text(max_size=200))
def test_tokens_say_where_they_stand(text: str) -> None:
    tokens = tokens_of(text)
    assert all(0 <= token.start < token.end for token in tokens)
    assert [token.start for token in tokens] == sorted(token.start for token in tokens)
    assert all(token.key == key_of(token.text) for token in tokens if " " not in key_of(token.text))


def test_new_words_leave_out_what_the_text_says_in_another_form() -> None:
    assert new_words("infarctions", ["Infarction of the myocardium"]) == ["myocardium"]


# ── words near a misspelt one ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [("fever", "fever", 0), ("fevr", "fever", 1), ("feevr", "fever", 1), ("fiver", "fever", 1), ("cough", "fever", 3)],
)
def test_distance_counts_edits(one: str, other: str, apart: int) -> None:
    assert distance(one, other, 2) == distance(other, one, 2) == apart


def test_the_nearest_word_comes_first_then_the_most_frequent(tmp_path: Path) -> None:
    write_words(tmp_path, {"fever": 3, "never": 9, "forever": 99})
    assert [near.word for near in Words(tmp_path).near("fiver", 1)] == ["fever"]
    assert [near.word for near in Words(tmp_path).near("rever", 1)] == ["never", "fever"]
    assert "forever" in Words(tmp_path)
    assert "forevr" not in Words(tmp_path)


@given(st.text("abcd", min_size=4, max_size=12), st.integers(0, 11), st.sampled_from("abcd"))
def test_every_word_one_edit_away_is_found(
    tmp_path_factory: pytest.TempPathFactory, word: str, at: int, letter: str
) -> None:
    folder = tmp_path_factory.mktemp("words")
    write_words(folder, {word: 1})
    at = min(at, len(word) - 1)
    for edited in (word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :]):
        assert [near.word for near in Words(folder).near(edited, 1)] == [word]


# ── abbreviations that texts define ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("with deep vein thrombosis (DVT).", [("DVT", "deep vein thrombosis")]),
        ("the heat shock transcription factor 1 (HSF1; a regulator)", [("HSF1", "heat shock transcription factor 1")]),
        ("DVT (deep vein thrombosis) is", [("DVT", "deep vein thrombosis")]),
        ("the beta-blocker (see above) helps", []),
        ("in 12 patients (12%)", []),
        ("of tumour necrosis factor (TNF) and interleukin (IL)-6", [("TNF", "tumour necrosis factor"),
                                                                    ("IL", "interleukin")]),
        ("It rose. Then (WHO) came", []),
        ("()", []),
    ],
)  # fmt: skip
def test_definitions(text: str, pairs: list[tuple[str, str]]) -> None:
    assert list(definitions(text)) == pairs


def test_the_first_letter_must_begin_a_word() -> None:
    assert long_form("DVT", "an advent") == ""


def test_long_forms_are_weighted_by_their_share(tmp_path: Path) -> None:
    texts = ["multiple sclerosis (MS)"] * 2 + ["Multiple Sclerosis (MS)", "mass spectrometry (MS)"]
    assert write_abbreviations(tmp_path, mine(texts)) == 1
    abbreviations = Abbreviations(tmp_path)
    assert abbreviations.long_forms("MS") == (("multiple sclerosis", 0.75), ("mass spectrometry", 0.25))
    assert abbreviations.long_forms("ms") == ()


def test_rare_definitions_can_be_left_out(tmp_path: Path) -> None:
    assert write_abbreviations(tmp_path, mine(["mass spectrometry (MS)"]), min_count=2) == 0
    assert Abbreviations(tmp_path).long_forms("MS") == ()


@given(st.text(alphabet="ab (),.;AB1-", max_size=80))
def test_a_long_form_stands_in_the_text(text: str) -> None:
    for short, long in definitions(text):
        assert short in text
        assert long.split()[0] in text


# ── sources ───────────────────────────────────────────────────────────────────────────────────────────────────────

OBO = """format-version: 1.2

[Term]
id: HP:0000118
name: Phenotypic abnormality

[Term]
id: HP:0000421
name: Epistaxis
synonym: "Nosebleed" EXACT layperson []
synonym: "Nasal \\"haemorrhage\\"" EXACT uk_spelling []
synonym: "Bleeding" BROAD []
synonym: "Posterior epistaxis" NARROW []
synonym: "Old word" EXACT obsolete_synonym []
synonym: "EPX" EXACT abbreviation []
synonym: "Recurrent EPX" EXACT abbreviation []
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0012828
name: Severe

[Term]
id: HP:9
name: Gone
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""


def test_hpo_terms_have_typed_synonyms(tmp_path: Path) -> None:
    path = tmp_path / "hp.obo"
    path.write_text(OBO, encoding="utf-8")
    root, epistaxis, severe = hpo_terms(path)
    assert (root.kind, epistaxis.kind, severe.kind) == ("finding", "finding", "modifier")
    assert epistaxis.names == (
        Name("Epistaxis", "preferred"),
        Name("Nosebleed", "lay"),
        Name('Nasal "haemorrhage"', "synonym"),
        Name("Bleeding", "related"),
        Name("EPX", "abbreviation"),
        Name("Recurrent EPX", "synonym"),
    )


def test_a_cut_obo_file_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "hp.obo"
    path.write_text('[Term]\nid: HP:1\nname: A\nsynonym: "B', encoding="utf-8")
    with pytest.raises(DamagedFile, match="line 4"):
        list(hpo_terms(path))
    path.write_text("nothing", encoding="utf-8")
    with pytest.raises(DamagedFile, match="not an OBO file"):
        list(hpo_terms(path))


def test_diseases_are_called_as_most_rows_do(tmp_path: Path) -> None:
    path = tmp_path / "phenotype.hpoa"
    row = "OMIM:154700\t{}\t\tHP:1\tPMID:1\tPCS\t\t\t\t\tP\tX\n"
    path.write_text(
        "#version\ndatabase_id\tdisease_name\n" + "".join(map(row.format, ["MARFAN", "Marfan syndrome", "MARFAN"])),
        encoding="utf-8",
    )
    [disease] = hpo_diseases(path)
    assert (disease.identifier, disease.names[0]) == ("OMIM:154700", Name("Marfan syndrome", "preferred"))


ICD = """<?xml version="1.0"?>
<ICD10CM.tabular><version>2026</version><chapter><name>1</name><desc>Some</desc><section id="A00-A09">
<diag><name>E11</name><desc>Type 2 diabetes mellitus</desc>
<inclusionTerm><note>insulin resistant diabetes (mellitus)</note></inclusionTerm></diag>
<diag><name>G72.8</name><desc>Other specified myopathies</desc>
<inclusionTerm><note>Myopathy, toxic</note></inclusionTerm></diag>
<diag><name>R05.9</name><desc>Cough, unspecified</desc></diag>
<diag><name>W55</name><desc>Contact with other mammals</desc></diag>
</section></chapter></ICD10CM.tabular>
"""


def test_inclusion_terms_of_a_residual_entry_are_concepts_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "tabular.xml"
    path.write_text(ICD, encoding="utf-8")
    diabetes, other, toxic, cough = icd10cm_entries(path)
    assert diabetes.names == (
        Name("Type 2 diabetes mellitus", "preferred"),
        Name("insulin resistant diabetes", "related"),
    )
    assert [name.text for name in other.names] == ["Other specified myopathies"]
    assert [name.text for name in toxic.names] == ["Myopathy, toxic", "toxic Myopathy"]
    assert (cough.kind, cough.names[0].text) == ("finding", "Cough")


# The elements are those of desc2025.xml, the terms made up for the test.
MESH_XML = """<?xml version="1.0"?>
<!DOCTYPE DescriptorRecordSet SYSTEM "nlmdescriptorrecordset_20250101.dtd">
<DescriptorRecordSet LanguageCode="eng">
<DescriptorRecord DescriptorClass="1">
 <DescriptorUI>D000001</DescriptorUI><DescriptorName><String>Alpha Disease</String></DescriptorName>
 <TreeNumberList><TreeNumber>C14.907</TreeNumber></TreeNumberList>
 <ConceptList>
  <Concept PreferredConceptYN="Y"><TermList>
   <Term ConceptPreferredTermYN="Y" IsPermutedTermYN="N" LexicalTag="NON" RecordPreferredTermYN="Y">
    <TermUI>T1</TermUI><String>Alpha Disease</String></Term>
   <Term LexicalTag="NON"><TermUI>T2</TermUI><String>Disease of Alpha</String></Term>
   <Term LexicalTag="ABB"><TermUI>T3</TermUI><String>AD</String></Term></TermList></Concept>
  <Concept PreferredConceptYN="N"><TermList>
   <Term LexicalTag="NON"><TermUI>T4</TermUI><String>Juvenile Alpha</String></Term></TermList></Concept>
 </ConceptList>
</DescriptorRecord>
</DescriptorRecordSet>
"""
MESH_ASCII = """*NEWRECORD
RECTYPE = D
MH = Alpha Disease
PRINT ENTRY = Disease of Alpha|T047|NON|EQV|NLM (1991)|900308|abcdef
ENTRY = AD|T047|ABB|EQV|NLM (1991)|900308|abcdef
ENTRY = Juvenile Alpha|T047|T048|NON|NRW|NLM (1991)|900308|abbcdef
MN = C14.907
UI = D000001

*NEWRECORD
RECTYPE = D
MH = Betamab
ENTRY = Beta Antibody
MN = D12.776
UI = D000002
"""


@pytest.mark.parametrize(("name", "content"), [("desc2025.xml", MESH_XML), ("d2025.bin", MESH_ASCII)])
def test_mesh_descriptors_in_either_form(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert next(mesh_descriptors(path)) == Concept(
        "MESH:D000001",
        "mesh",
        "disease",
        (
            Name("Alpha Disease", "preferred"),
            Name("Disease of Alpha", "synonym"),
            Name("AD", "abbreviation"),
            Name("Juvenile Alpha", "related"),
        ),
    )


def test_mesh_chemicals_are_drugs(tmp_path: Path) -> None:
    path = tmp_path / "d2025.bin"
    path.write_text(MESH_ASCII, encoding="utf-8")
    *_, drug = mesh_descriptors(path)
    assert (drug.kind, drug.names[1]) == ("drug", Name("Beta Antibody", "synonym"))


@pytest.mark.parametrize(("name", "content"), [("desc2025.xml", "<a/>"), ("desc2025.xml", "<a"), ("d2025.bin", "a")])
def test_another_file_than_mesh_is_damaged(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DamagedFile):
        list(mesh_descriptors(path))


def test_drugs_of_either_list(tmp_path: Path) -> None:
    bank, indications, other = (tmp_path / name for name in ("drugbank vocabulary.csv", "drugs.tsv", "other.csv"))
    bank.write_text(
        "DrugBank ID,Accession Numbers,Common name,CAS,UNII,Synonyms,Standard InChI Key\n"
        "DB00945,X,Acetylsalicylic acid,50-78-2,R16CO5Y76E,ASA | Aspirin,Y\n",
        encoding="utf-8",
    )
    indications.write_text("drugbank_id\tdrug\tDM\nDB01048\tAbacavir\t1\n", encoding="utf-8")
    other.write_text("a,b\n", encoding="utf-8")
    [aspirin] = drugs(bank)
    assert aspirin.names[1:] == (Name("ASA", "abbreviation"), Name("Aspirin", "synonym"))
    assert [drug.identifier for drug in drugs(indications)] == ["DrugBank:DB01048"]
    with pytest.raises(DamagedFile, match="neither"):
        list(drugs(other))
