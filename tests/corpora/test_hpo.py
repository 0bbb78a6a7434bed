"""HPO's files become sentences that say what the annotations say, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed import sources
from ragmed.analysis.sentences import sentence_spans
from ragmed.corpora.hpo import HPO
from ragmed.errors import DamagedFile
from ragmed.recipe import read_corpus_recipe
from ragmed.report import Report
from ragmed.types import Document

OBO = """\
format-version: 1.2
data-version: hp/releases/2025-01-16
ontology: hp.obo

[Term]
id: HP:0000001
name: All

[Term]
id: HP:0001166
name: Arachnodactyly
def: "Abnormally long and slender fingers (\\"spider fingers\\")." [https://orcid.org/0000-0002-0736-9199]
synonym: "Long, slender fingers" EXACT []
synonym: "Long slender fingers" EXACT layperson []
synonym: "Dolichostenomelia of the hand" RELATED []
is_a: HP:0100807 ! Long fingers

[Term]
id: HP:0100807
name: Long fingers
def: "Fingers that are long, as in arachnodactyly or a tall stature" []
is_a: HP:0000001 ! All

[Term]
id: HP:0001083
name: Ectopia lentis

[Term]
id: HP:0002650
name: Scoliosis

[Term]
id: HP:0001256
name: Intellectual disability, mild
def: "Impaired. Not ectopia lentis, not scoliosis, not hypermetropia, not fever, not Hashimoto thyroiditis." []

[Term]
id: HP:0000872
name: Hashimoto thyroiditis

[Term]
id: HP:0002353
name: EEG abnormality

[Term]
id: HP:0000540
name: Hypermetropia

[Term]
id: HP:0001945
name: Fever

[Term]
id: HP:0000006
name: Autosomal dominant inheritance

[Term]
id: HP:0001419
name: X-linked recessive inheritance

[Term]
id: HP:0003829
name: Typified by incomplete penetrance
comment: penetrance autosomal congenital maternal variable progressive

[Term]
id: HP:0003674
name: Onset

[Term]
id: HP:0003577
name: Congenital onset
def: "A congenital onset, an autosomal gene, a progressive course, a maternal illness, an x-linked trait." []
is_a: HP:0003674 ! Onset

[Term]
id: HP:0003676
name: Progressive

[Term]
id: HP:0009800
name: Maternal diabetes

[Term]
id: HP:0009999
name: Retired
def: "No longer used." []
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""

HEADER = """\
#description: "HPO annotations for rare diseases"
#version: 2025-01-16
database_id\tdisease_name\tqualifier\thpo_id\treference\tevidence\tonset\tfrequency\tsex\tmodifier\taspect\tbiocuration
"""


def row(
    term: str,
    frequency: str = "",
    aspect: str = "P",
    *,
    disease: str = "OMIM:154700",
    name: str = "Marfan syndrome",
    qualifier: str = "",
    onset: str = "",
    sex: str = "",
) -> str:
    return (
        "\t".join((disease, name, qualifier, term, "PMID:1", "PCS", onset, frequency, sex, "", aspect, "HPO:x")) + "\n"
    )


def corpus(folder: Path, *rows: str, obo: str = OBO) -> HPO:
    (folder / "hp.obo").write_text(obo, encoding="utf-8")
    (folder / "phenotype.hpoa").write_text(HEADER + "".join(rows), encoding="utf-8")
    return HPO(files={name: folder / name for name in ("hp.obo", "phenotype.hpoa")}, licence="HPO licence")


def disease(folder: Path, *rows: str) -> Document:
    return next(iter(corpus(folder, *rows).documents()))


def lines(folder: Path, *rows: str) -> list[str]:
    return disease(folder, *rows).text.split("\n")


def test_a_disease_is_told_from_its_inheritance_to_its_onset(tmp_path: Path) -> None:
    found = disease(
        tmp_path,
        row("HP:0002650", "16/53"),
        row("HP:0001166", "124/197"),
        row("HP:0001083", "HP:0040281"),
        row("HP:0000540"),
        row("HP:0000006", aspect="I"),
        row("HP:0003577", aspect="C"),
    )
    assert found.text == (
        "Marfan syndrome is inherited in an autosomal dominant manner.\n"
        "Very frequent (80–99%) findings in Marfan syndrome: ectopia lentis.\n"
        "Frequent (30–79%) findings in Marfan syndrome: arachnodactyly, scoliosis.\n"
        "Findings of unrecorded frequency in Marfan syndrome: hypermetropia.\n"
        "Age of onset of Marfan syndrome: congenital onset."
    )
    assert (found.doc_id, found.title, found.kind) == ("OMIM:154700", "Marfan syndrome", "disease")
    assert found.url == "https://omim.org/entry/154700"
    assert (found.published, found.licence) == ("2025-01-16", "HPO licence")
    assert found.meta == {"identifier": "OMIM:154700", "release": "2025-01-16"}


def test_a_term_is_told_by_definition_synonyms_and_parents(tmp_path: Path) -> None:
    found = {document.doc_id: document for document in corpus(tmp_path, row("HP:0001166")).documents()}
    assert found["HP:0001166"].text == (
        'Arachnodactyly: Abnormally long and slender fingers ("spider fingers").\n'
        "Arachnodactyly is also called: long, slender fingers.\n"
        "Arachnodactyly is a kind of: long fingers."
    )
    assert found["HP:0001166"].kind == "finding"
    assert found["HP:0001166"].url == "https://hpo.jax.org/browse/term/HP:0001166"
    assert found["HP:0100807"].text.startswith("Long fingers: Fingers that are long, as in")
    assert "HP:0009999" not in found, "an obsolete term"
    assert "HP:0001083" not in found, "a term without a definition"


@pytest.mark.parametrize(
    ("frequencies", "head"),
    [
        (["HP:0040280"], "Obligate (100%) findings in"),
        (["100%"], "Obligate (100%) findings in"),
        (["2/2"], "Findings in every examined patient with"),
        (["HP:0040281"], "Very frequent (80–99%) findings in"),
        (["4/5"], "Very frequent (80–99%) findings in"),
        (["79%"], "Frequent (30–79%) findings in"),
        (["HP:0040283"], "Occasional (5–29%) findings in"),
        (["1/100"], "Very rare (1–4%) findings in"),
        ([""], "Findings of unrecorded frequency in"),
        (["0/3"], "Findings in no examined patient with"),
        (["HP:0040285"], "Findings that do not occur in"),
        (["1/1", "0/3"], "Occasional (5–29%) findings in"),
        (["", "HP:0040283", "HP:0040282"], "Frequent (30–79%) findings in"),
        (["HP:0040281", "1/10"], "Occasional (5–29%) findings in"),
    ],
)
def test_frequencies_fall_into_the_classes_of_hpo(tmp_path: Path, frequencies: list[str], head: str) -> None:
    assert lines(tmp_path, *(row("HP:0001166", frequency) for frequency in frequencies)) == [
        f"{head} Marfan syndrome: arachnodactyly."
    ]


def test_a_negated_finding_does_not_occur(tmp_path: Path) -> None:
    assert lines(tmp_path, row("HP:0001166", qualifier="NOT")) == [
        "Findings that do not occur in Marfan syndrome: arachnodactyly."
    ]


def test_negated_history_is_not_reported_as_history(tmp_path: Path) -> None:
    assert lines(tmp_path, row("HP:0009800", aspect="H")) == ["History noted in Marfan syndrome: maternal diabetes."]
    assert lines(tmp_path, row("HP:0009800", aspect="H", qualifier="NOT")) == [
        "Findings that do not occur in Marfan syndrome: maternal diabetes."
    ]


def test_the_onset_of_a_finding_is_not_the_onset_of_the_disease(tmp_path: Path) -> None:
    assert lines(tmp_path, row("HP:0001166", onset="HP:0003577"))[-1] == (
        "Age of onset of single findings in Marfan syndrome: arachnodactyly (congenital onset)."
    )


def test_an_onset_that_no_patient_had_is_left_out(tmp_path: Path) -> None:
    text = disease(tmp_path, row("HP:0001166"), row("HP:0003577", "0/5", aspect="C")).text
    assert "onset" not in text


def test_modes_of_inheritance_and_course_are_sentences(tmp_path: Path) -> None:
    assert lines(
        tmp_path,
        row("HP:0000006", aspect="I"),
        row("HP:0001419", aspect="I"),
        row("HP:0003829", aspect="I"),
        row("HP:0003676", aspect="C"),
    ) == [
        "Marfan syndrome is inherited in an autosomal dominant or an X-linked recessive manner.",
        "Marfan syndrome is typified by incomplete penetrance.",
        "Clinical course of Marfan syndrome: progressive.",
    ]


def test_proper_names_and_acronyms_keep_their_capitals(tmp_path: Path) -> None:
    assert lines(tmp_path, row("HP:0000872"), row("HP:0002353"), row("HP:0001945")) == [
        "Findings of unrecorded frequency in Marfan syndrome: EEG abnormality, fever, Hashimoto thyroiditis."
    ]


def test_items_with_commas_are_told_apart_by_semicolons(tmp_path: Path) -> None:
    assert lines(tmp_path, row("HP:0001945"), row("HP:0001256")) == [
        "Findings of unrecorded frequency in Marfan syndrome: fever; intellectual disability, mild."
    ]


def test_a_finding_of_one_sex_says_so(tmp_path: Path) -> None:
    assert lines(tmp_path, row("HP:0001166", "1/2", sex="MALE"))[0].endswith(": arachnodactyly (in males).")
    both = (row("HP:0001166", "1/2", sex="MALE"), row("HP:0001166", "1/2", sex="FEMALE"))
    assert lines(tmp_path, *both)[0].endswith(": arachnodactyly.")


def test_of_several_names_the_current_one_is_used_and_the_others_are_kept(tmp_path: Path) -> None:
    names = ("Mental retardation, autosomal dominant 47", "Intellectual developmental disorder, autosomal dominant 47")
    found = disease(tmp_path, row("HP:0001166", name=names[0]), row("HP:0002650", name=names[1]))
    assert found.title == names[1]
    assert found.text.split("\n")[-1] == f"{names[1]} is also annotated as: {names[0]}."


def test_a_name_in_capitals_is_written_as_usual_and_an_acronym_is_not(tmp_path: Path) -> None:
    shouted = row("HP:0001166", name="ECTOPIA LENTIS, X-LINKED 2"), row("HP:0001166", name="Ectopia lentis with fever")
    assert disease(tmp_path, *shouted[:1]).title == "Ectopia lentis, X-linked 2"
    assert disease(tmp_path, row("HP:0001166", name="MELAS")).title == "MELAS"


def test_many_findings_are_told_in_several_sentences(tmp_path: Path) -> None:
    many = "".join(f"\n[Term]\nid: HP:1{i:06}\nname: Sign {i:03}\n" for i in range(70))
    found = corpus(tmp_path, *(row(f"HP:1{i:06}") for i in range(70)), obo=OBO + many)
    text = next(iter(found.documents())).text
    assert text.count("Findings of unrecorded frequency in Marfan syndrome: ") == 3
    assert all(f"{i:03}" in text for i in range(70))


def test_diseases_come_first_in_the_order_of_their_identifiers(tmp_path: Path) -> None:
    rows = [row("HP:0001166", disease=d, name=d) for d in ("ORPHA:558", "OMIM:154700", "OMIM:20", "DECIPHER:1")]
    found = list(corpus(tmp_path, *rows).documents())
    assert [d.doc_id for d in found][:5] == ["DECIPHER:1", "OMIM:20", "OMIM:154700", "ORPHA:558", "HP:0001166"]
    assert found[0].url == "https://www.deciphergenomics.org/syndrome/1/overview"
    assert found[3].url == "https://www.orpha.net/en/disease/detail/558"


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("OMIM:1\tX\t\tHP:0001166\n", "4 columns instead of 12"),
        (row("HP:7777777"), "HP:7777777 is not in the ontology file"),
        (row("HP:0001166", "often"), "frequency 'often' cannot be understood"),
        (row("HP:0001166", "3/2"), "frequency '3/2' cannot be understood"),
        (row("HP:0001166", qualifier="MAYBE"), "not an annotation"),
        (row("HP:0001166", aspect="Z"), "not an annotation"),
    ],
)
def test_a_broken_annotation_names_file_and_line(tmp_path: Path, bad: str, complaint: str) -> None:
    with pytest.raises(DamagedFile, match=r"phenotype\.hpoa, line 5: .*" + complaint) as caught:
        list(corpus(tmp_path, row("HP:0001166"), bad).documents())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("obo", "complaint"),
    [
        ("<html>not found</html>", r"holds no \[Term\]"),
        (OBO + '\n[Term]\nid: HP:0000009\nname: X\ndef: "cut', "line 97: def without a quoted text"),
        (OBO + "\n[Term]\nid: HP:0000009", "HP:0000009 has no name"),
        (OBO + "\n[Term]\nid: HP:0001166\nname: X", "a second term HP:0001166"),
    ],
)
def test_a_broken_ontology_names_file_and_place(tmp_path: Path, obo: str, complaint: str) -> None:
    with pytest.raises(DamagedFile, match=r"hp\.obo.*" + complaint):
        list(corpus(tmp_path, row("HP:0001166"), obo=obo).documents())


def test_bytes_that_are_no_text_are_damage(tmp_path: Path) -> None:
    broken = corpus(tmp_path, row("HP:0001166"))
    broken.files["hp.obo"].write_bytes(OBO.encode() + b"\xff\xfe")
    with pytest.raises(DamagedFile, match="not UTF-8"):
        list(broken.documents())


def test_the_published_release_is_read_whole_and_each_line_is_one_sentence_naming_its_subject() -> None:
    recipe = read_corpus_recipe("hpo")
    paths = sources.locate(recipe)
    documents = list(sources.open_source(recipe, paths, Report()).documents())
    assert sources.open_source(recipe, paths, Report()).release() == "2025-01-16"
    kinds = [document.kind for document in documents]
    assert (kinds.count("disease"), kinds.count("finding")) == (12_687, 16_449)
    assert kinds == sorted(kinds), "diseases come first"
    for document in documents[::7]:
        lines = document.text.split("\n")
        assert all(document.title in line for line in lines), document.doc_id
        if document.kind == "disease":
            starts = [start for start, _ in sentence_spans(document.text)]
            assert len(starts) >= len(lines), document.doc_id
