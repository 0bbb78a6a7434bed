"""Tiny files in the formats of MONDO, HPO, ICD-10-CM and MeSH. What they say is made up for the tests."""

from __future__ import annotations

from pathlib import Path

MONDO = """\
format-version: 1.2
data-version: mondo/releases/2025-02-04
synonymtypedef: OMO:0003000 "abbreviation"
synonymtypedef: EXCLUDE "exclude"
ontology: mondo

[Term]
id: MONDO:0000001
name: disease

[Term]
id: MONDO:0000002
name: alpha syndrome
alt_id: MONDO:0000009
def: "A syndrome of \\"alpha\\"." [PMID:1]
synonym: "AS" EXACT OMO:0003000 [OMIM:1]
synonym: "alpha, wrongly" EXACT EXCLUDE []
synonym: "alpha disease" RELATED [] {source="X"}
synonym: "alpha syndrome of the left hand" NARROW []
xref: OMIM:1 {source="MONDO:equivalentTo", source="X"}
xref: UMLS:C0000001 {source="MONDO:equivalentTo"}
xref: Orphanet:2 {source="MONDO:equivalentObsolete"}
xref: ICD10CM:E10 {source="MONDO:mondoIsNarrowerThanSource"}
xref: DOID:3 {source="MONDO:relatedTo"}
xref: MESH:D000001
xref: https://example.org/alpha {source="MONDO:equivalentTo"}
is_a: MONDO:0000001 {source="OMIM:1"} ! disease
relationship: disease_has_location UBERON:0000001 {source="X"} ! alpha organ
relationship: RO:0004029 MONDO:0000001 ! disease
relationship: RO:9999999 MONDO:0000001

[Term]
id: MONDO:0000003
name: obsolete beta
is_obsolete: true
replaced_by: MONDO:0000002
consider: MONDO:0000001

[Term]
id: HP:0000118
name: Phenotypic abnormality

[Typedef]
id: RO:0004029
name: disease has feature
"""

HP = """\
format-version: 1.2
data-version: hp/releases/2025-01-16
synonymtypedef: layperson "layperson term"

[Term]
id: HP:0000001
name: All

[Term]
id: HP:0000118
name: Phenotypic abnormality
is_a: HP:0000001 ! All

[Term]
id: HP:0001166
name: Arachnodactyly
alt_id: HP:0001505
def: "Long fingers." [PMID:1]
synonym: "Spider fingers" EXACT layperson []
xref: UMLS:C0003706
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0009999
name: obsolete Long fingers
is_obsolete: true
replaced_by: HP:0001505

[Term]
id: HP:0009998
name: obsolete Odd fingers
is_obsolete: true
consider: HP:0001166

[Term]
id: HP:0000006
name: Autosomal dominant inheritance
is_a: HP:0000001 ! All

[Term]
id: HP:0003674
name: Onset
is_a: HP:0000001 ! All

[Term]
id: HP:0003577
name: Congenital onset
is_a: HP:0003674 ! Onset

[Term]
id: HP:0003676
name: Progressive
is_a: HP:0000001 ! All
"""

HPOA_HEAD = """\
#description: "HPO annotations"
#version: 2025-01-16
database_id\tdisease_name\tqualifier\thpo_id\treference\tevidence\tonset\tfrequency\tsex\tmodifier\taspect\tbiocuration
"""


def row(
    term: str = "HP:0001166",
    frequency: str = "",
    *,
    disease: str = "OMIM:154700",
    name: str = "Marfan syndrome",
    qualifier: str = "",
    onset: str = "",
    sex: str = "",
    modifier: str = "",
    aspect: str = "P",
    reference: str = "PMID:1",
    by: str = "HPO:a[2020-01-02]",
) -> str:
    """One line of ``phenotype.hpoa``."""
    columns = (disease, name, qualifier, term, reference, "PCS", onset, frequency, sex, modifier, aspect, by)
    return "\t".join(columns) + "\n"


ICD10CM = """\
<?xml version="1.0"?>
<ICD10CM.tabular><version>2026</version>
<chapter><name>4</name><desc>Alpha diseases (E00-E89)</desc>
<excludes2><note>neoplasms (B20)</note></excludes2>
<section id="E08-E13"><desc>Alpha diabetes (E08-E13)</desc>
<diag><name>E10</name><desc>Type 1 alpha</desc>
<inclusionTerm><note>juvenile onset alpha (mellitus)</note></inclusionTerm>
<excludes1><note>alpha of the newborn (E11.-)</note><note>alpha, any (E08-E13, E10.1)</note>
<note>elsewhere classified</note><note>many (T36-T50)</note><note>with a sixth character (E10 with 6)</note></excludes1>
<diag><name>E10.1</name><desc>Type 1 alpha with cough, unspecified</desc></diag></diag>
<diag><name>E11</name><desc>Type 2 alpha</desc></diag></section>
<section id="B20"><desc>Beta (B20)</desc><diag><name>B20</name><desc>Beta disease</desc></diag></section></chapter>
<chapter><name>18</name><desc>Symptoms (R00-R99)</desc>
<section id="R05-R05"><desc>Cough (R05)</desc><diag><name>R05</name><desc>Cough</desc></diag>
<diag><desc>No code</desc></diag></section></chapter>
<chapter><name>20</name><desc>External causes (V00-Y99)</desc>
<section id="W50-W64"><desc>Animals (W50-W64)</desc><diag><name>W55</name><desc>Contact with mammals</desc></diag>
</section></chapter></ICD10CM.tabular>
"""


def descriptor(ui: str, heading: str, *trees: str, terms: str = "", note: str = "") -> str:
    """A ``<DescriptorRecord>``. ``terms``: further ``<Term>`` elements of its preferred concept."""
    return (
        f'<DescriptorRecord DescriptorClass="1"><DescriptorUI>{ui}</DescriptorUI>'
        f"<DescriptorName><String>{heading}</String></DescriptorName>"
        f"<TreeNumberList>{''.join(f'<TreeNumber>{tree}</TreeNumber>' for tree in trees)}</TreeNumberList>"
        f'<ConceptList><Concept PreferredConceptYN="Y"><ScopeNote>{note}</ScopeNote>'
        f'<TermList><Term LexicalTag="NON"><String>{heading}</String></Term>{terms}</TermList></Concept>'
        "</ConceptList></DescriptorRecord>\n"
    )


def mesh(*descriptors: str) -> str:
    """A file of descriptors in XML."""
    return (
        '<?xml version="1.0"?>\n<!DOCTYPE DescriptorRecordSet SYSTEM '
        '"https://www.nlm.nih.gov/databases/dtd/nlmdescriptorrecordset_20250101.dtd">\n'
        f'<DescriptorRecordSet LanguageCode="eng">\n{"".join(descriptors)}</DescriptorRecordSet>\n'
    )


MESH = mesh(
    descriptor("D1", "Alpha Diseases", "C14", note="Diseases of alpha."),
    descriptor("D2", "Beta Disease", "C14.907", "C23.550.1", terms='<Term LexicalTag="NON"><String>B</String></Term>'),
    descriptor("D3", "Hand", "A01.378"),
    descriptor("D4", "Fingers", "A01.378.100"),
)


def obo_files(folder: Path) -> dict[str, Path]:
    return {"ontology": _written(folder / "mondo.obo", MONDO)}


def hpo_files(folder: Path) -> dict[str, Path]:
    rows = (row(frequency="3/4", sex="MALE"), row("HP:0000006", aspect="I"), row("HP:0003577", aspect="C"))
    return {
        "hp.obo": _written(folder / "hp.obo", HP),
        "phenotype.hpoa": _written(folder / "phenotype.hpoa", HPOA_HEAD + "".join(rows)),
    }


def icd10cm_files(folder: Path) -> dict[str, Path]:
    return {"tabular": _written(folder / "tabular.xml", ICD10CM)}


def mesh_files(folder: Path) -> dict[str, Path]:
    return {"descriptors": _written(folder / "desc2025.xml", MESH)}


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
