"""Linking: which names are found in texts, where they stand, and which nodes they mean."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed.graph._automaton import Names, _automaton
from ragmed.graph.linking import KINDS, LinkedMention, Linker, compile_names
from ragmed.graph.store import Graph
from ragmed.types import Edge, Name, Node
from tests.graph_for_tests import Fact, disease, finding, graph_of, small_hpo


def linker_of(tmp_path: Path, *facts: Fact | list[Fact]) -> Linker:
    flat = [one for fact in facts for one in (fact if isinstance(fact, list) else [fact])]
    return Linker(graph_of(tmp_path, flat))


@pytest.fixture
def linker(tmp_path: Path) -> Linker:
    return linker_of(
        tmp_path,
        finding("HP:1", "Fever", names=[Name("Pyrexia", "synonym")]),
        finding("HP:2", "Ectopia lentis", names=[Name("Dislocated lens", "lay"), Name("Lens stenosis", "synonym")]),
        finding("HP:3", "Mitral valve prolapse", names=[Name("MVP", "abbreviation")]),
        finding("HP:4", "Diabetes mellitus"),
        finding("HP:5", "Diabetes mellitus, type 2"),
        finding("HP:6", "Café-au-lait spot"),
        finding("HP:7", "Chest pain"),
        finding("HP:8", "Falls"),
        finding("HP:9", "Abnormal form (of the lens)"),
        disease("OMIM:1", "Crohn's disease", {"HP:1": 0.5}),
        disease("OMIM:2", "Marfan syndrome", {"HP:2": 0.5}),
    )


def linked(linker: Linker, text: str) -> list[tuple[str, str]]:
    """What is mentioned in a text, and the id of the likeliest node."""
    return [(mention.text, linker.graph.node_id(mention.rows[0])) for mention in linker.link(text)]


def test_names_and_synonyms_are_found_whatever_their_case_and_number(linker: Linker) -> None:
    text = "PYREXIA with lens stenoses, mitral valve prolapses and a fever."
    assert linked(linker, text) == [
        ("PYREXIA", "HP:1"),
        ("lens stenoses", "HP:2"),
        ("mitral valve prolapses", "HP:3"),
        ("fever", "HP:1"),
    ]


@pytest.mark.parametrize("text", ["feverfew", "hay-feverish", "a chest; pain", "the chest. Pain", "chest\n\npain"])
def test_no_name_is_found_within_a_word_or_across_the_end_of_a_sentence(linker: Linker, text: str) -> None:
    assert linked(linker, text) == []


@pytest.mark.parametrize("text", ["pain in the chest, pain in the arm", "his chest (pain on breathing)"])
def test_no_name_is_found_across_a_comma_or_bracket_that_it_does_not_have(linker: Linker, text: str) -> None:
    assert linked(linker, text) == []


def test_a_name_with_a_comma_is_found_with_and_without_it(linker: Linker) -> None:
    text = "Diabetes mellitus, type 2; diabetes mellitus type 2"
    assert [node for _, node in linked(linker, text)] == ["HP:5", "HP:5"]
    assert linked(linker, "An abnormal form (of the lens)") == [("abnormal form (of the lens", "HP:9")]


def test_of_names_that_overlap_the_longest_is_found(linker: Linker) -> None:
    assert linked(linker, "diabetes mellitus type 2 and diabetes mellitus") == [
        ("diabetes mellitus type 2", "HP:5"),
        ("diabetes mellitus", "HP:4"),
    ]


def test_a_name_goes_on_in_the_next_line(linker: Linker) -> None:
    assert linked(linker, "signs of chest\npain") == [("chest\npain", "HP:7")]
    assert linked(linker, "Chest\n- Pain") == []


@pytest.mark.parametrize("written", ["Crohn's disease", "Crohn’s disease", "crohn disease"])
def test_apostrophes_make_no_difference(linker: Linker, written: str) -> None:
    assert linked(linker, f"She has {written}.") == [(written, "OMIM:1")]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_make_no_difference_however_they_are_encoded(linker: Linker, form: str) -> None:
    text = unicodedata.normalize(form, "Ménière? A café-au-lait spot.")  # type: ignore[arg-type]
    [mention] = linker.link(text)
    assert text[mention.start : mention.end] == mention.text
    assert unicodedata.normalize("NFC", mention.text) == "café-au-lait spot"
    assert linked(linker, "a cafe au lait spot") == [("cafe au lait spot", "HP:6")]


def test_a_short_form_is_found_only_as_it_is_written(linker: Linker) -> None:
    assert linked(linker, "MVP, mvp, Mvp, MVPs, MVPX") == [("MVP", "HP:3"), ("MVPs", "HP:3")]


def test_capitals_are_no_short_form_where_all_is_in_capitals(linker: Linker) -> None:
    assert linked(linker, "THEIR GREATEST MVP PLAYED AGAIN, WITH FEVER") == [("FEVER", "HP:1")]


def test_a_text_says_what_its_abbreviations_mean(linker: Linker) -> None:
    text = "Marfan syndrome (MFS) is rare. MFS is treated; MVP (most valued player) too, and the MVP."
    assert linked(linker, text) == [("Marfan syndrome", "OMIM:2"), ("MFS", "OMIM:2"), ("MFS", "OMIM:2")]


def test_a_name_in_the_plural_is_not_found_in_the_singular(linker: Linker) -> None:
    assert linked(linker, "falls in autumn; a fall") == [("falls", "HP:8")]


def test_only_nodes_of_the_kinds_asked_for_are_linked(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    text = "Examplolol in valve syndrome with myopia; clinical modifier"
    assert [graph.node_id(mention.rows[0]) for mention in Linker(graph, ["drug"]).link(text)] == ["DrugBank:DB1"]
    found = {graph.kind(mention.rows[0]) for mention in Linker(graph).link(text)}
    assert found == {"drug", "disease", "finding"}
    assert Linker(graph, ["gene"]).link(text) == ()
    assert Linker(graph, []).link(text) == ()


def test_names_without_a_word_that_tells_anything_are_not_linked(tmp_path: Path) -> None:
    linker = linker_of(tmp_path, finding("HP:1", "The"), finding("HP:2", "B"), finding("HP:3", "277000"))
    assert linker.link("the b is 277000") == ()


def test_a_shared_name_means_first_the_node_whose_own_name_it_is(tmp_path: Path) -> None:
    linker = linker_of(
        tmp_path,
        finding("HP:1", "Abnormality of the bladder", names=[Name("Bladder mass", "related")]),
        finding("HP:2", "Bladder mass"),
    )
    [mention] = linker.link("A bladder mass.")
    assert [linker.graph.node_id(row) for row in mention.rows] == ["HP:2", "HP:1"]
    assert mention.scores[0] > 2 * mention.scores[1]
    assert sum(mention.scores) < 1
    assert mention.name_kind == "preferred"


def test_a_shared_name_means_first_the_node_of_the_first_source(tmp_path: Path) -> None:
    second = [Node("B:1", "Myopia", "disease", "two")]
    linker = Linker(graph_of(tmp_path, [Node("A:1", "Myopia", "finding", "one")], second))
    [mention] = linker.link("myopia")
    assert [linker.graph.node_id(row) for row in mention.rows] == ["A:1", "B:1"]
    assert mention.scores[0] > 5 * mention.scores[1]


AMBIGUOUS: list[Fact] = [
    *finding("HP:1", "Atrial septal defect", names=[Name("ASD", "abbreviation")]),
    *finding("HP:2", "Autism spectrum disorder", names=[Name("ASD", "abbreviation")]),
    *finding("HP:3", "Heart murmur"),
    *disease("OMIM:1", "Cardiac syndrome", {"HP:1": 0.5}),
    *[fact for i in range(10, 300) for fact in finding(f"HP:{i}", f"Filler{i}")],
]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ASD in a child with a septal murmur", "HP:1"),
        ("ASD, as in other disorders of the autism spectrum", "HP:2"),
        ("Cardiac syndrome with ASD", "HP:1"),
        ("ASD", "HP:1"),
    ],
)
def test_a_shared_name_means_first_what_else_the_text_speaks_of(tmp_path: Path, text: str, meant: str) -> None:
    linker = linker_of(tmp_path, AMBIGUOUS)
    mention = next(mention for mention in linker.link(text) if mention.text == "ASD")
    assert linker.graph.node_id(mention.rows[0]) == meant
    assert len(mention.rows) == 2


def test_a_word_of_everyday_language_needs_something_else_that_is_said_of_the_node(tmp_path: Path) -> None:
    linker = linker_of(
        tmp_path,
        finding("HP:1", "Heloma", names=[Name("Corn", "synonym")]),
        finding("HP:2", "Hyperkeratosis"),
        Edge("HP:1", "is_a", "HP:2", "hpo"),
        disease("OMIM:1", "Palmar keratoderma", {"HP:2": 1.0}),
    )
    assert linked(linker, "They grow corn.") == []
    assert linked(linker, "Corn is a hyperkeratosis.") == [("Corn", "HP:1"), ("hyperkeratosis", "HP:2")]


@pytest.mark.parametrize(
    ("text", "negated", "family", "hypothetical"),
    [
        ("No fever, chest pain or falls", ["fever", "chest pain", "falls"], [], []),
        ("No fever but chest pain", ["fever"], [], []),
        ("He denies: fever", ["fever"], [], []),
        ("Fever was absent, chest pain was not", ["Fever"], [], []),
        ("There is no cure for Marfan syndrome", [], [], []),
        ("His mother had Marfan syndrome and falls. He has fever", [], ["Marfan syndrome", "falls"], []),
        ("His mother had Marfan syndrome and he had fever", [], ["Marfan syndrome"], []),
        ("Family history: Marfan syndrome. Fever", [], ["Marfan syndrome"], []),
        ("No family history of Marfan syndrome", ["Marfan syndrome"], ["Marfan syndrome"], []),
        ("Return if fever develops. Chest pain", [], [], ["fever"]),
        ("Fever with a risk of falls", [], [], ["falls"]),
    ],
)
def test_what_is_denied_or_said_of_relatives_or_only_supposed(
    linker: Linker, text: str, negated: list[str], family: list[str], hypothetical: list[str]
) -> None:
    mentions = linker.link(text)
    assert [mention.text for mention in mentions if mention.negated] == negated
    assert [mention.text for mention in mentions if mention.family] == family
    assert [mention.text for mention in mentions if mention.hypothetical] == hypothetical


@pytest.mark.parametrize("text", ["", " \n", "(", "发热和咳嗽", "Лихорадка", "🙂", "\ud800 \x00"])
def test_texts_without_names_have_no_mentions(linker: Linker, text: str) -> None:
    assert linker.link(text) == ()


def test_thousands_of_mentions_in_a_long_text(linker: Linker) -> None:
    text = "No fever. Chest pain (CP) in Crohn's disease, but the 发热 of MVP. " * 2000
    mentions = linker.link(text)
    assert len(text) > 100_000
    assert len(mentions) == 10_000
    assert sum(mention.negated for mention in mentions) == 2000
    assert_offsets(text, mentions)


def test_many_texts_are_linked_as_one_by_one(linker: Linker) -> None:
    texts = ["No fever.", "", "ASD and MVP", "diabetes mellitus"]
    assert list(linker.link_all(texts)) == [linker.link(text) for text in texts]


PIECES = st.sampled_from(
    ["fever", "Fevers", "no", "MVP", "(MVP)", "Marfan syndrome", "(MFS)", "MFS", "chest", "pain", ",", ".", "\n", ":",
     "mother had", "café-au-lait spot", "cafe\u0301-au-lait spot", "diabetes", "mellitus", "type 2", "’s", "İ", "ﬁ"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=30), st.sampled_from(["", " "]))
def test_offsets_give_the_text_back(tmp_path_factory: pytest.TempPathFactory, pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    assert_offsets(text, shared_linker(tmp_path_factory).link(text))


_SHARED: list[Linker] = []


def shared_linker(tmp_path_factory: pytest.TempPathFactory) -> Linker:
    """One linker for all examples of a law."""
    if not _SHARED:
        names = ("Fever", "Marfan syndrome", "Chest pain", "Café-au-lait spot", "Diabetes mellitus, type 2")
        facts = [fact for i, name in enumerate(names) for fact in finding(f"HP:{i}", name)]
        facts += finding("HP:9", "Mitral valve prolapse", names=[Name("MVP", "abbreviation")])
        _SHARED.append(Linker(graph_of(tmp_path_factory.mktemp("linker"), facts)))
    return _SHARED[0]


def assert_offsets(text: str, mentions: tuple[LinkedMention, ...]) -> None:
    """Each mention is where it says; they stand from left to right, and none overlaps another."""
    end = 0
    for mention in mentions:
        assert text[mention.start : mention.end] == mention.text
        assert end <= mention.start < mention.end
        assert len(mention.rows) == len(mention.scores) > 0
        assert all(first >= second for first, second in zip(mention.scores, mention.scores[1:], strict=False))
        end = mention.end


def test_a_graph_without_nodes_links_nothing(tmp_path: Path) -> None:
    graph: Graph = graph_of(tmp_path, [])
    assert Linker(graph).link("fever (MFS)") == ()


def _texts() -> st.SearchStrategy[str]:
    said = [
        "ectopia",
        "lentis",
        "myopia",
        "aortic",
        "root",
        "aneurysms",
        "lens",
        "and",
        "aorta",
        "syndrome",
        "dislocated",
    ]
    return st.lists(st.sampled_from([*said, "near-sightedness", "Fever.", "heart,", "the", "MVP"])).map(" ".join)


@pytest.fixture(scope="module")
def small_names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    return Names.read(graph_of(tmp_path_factory.mktemp("names"), small_hpo()), KINDS)


@given(text=_texts())
def test_names_that_are_looked_up_are_those_that_the_automaton_finds(small_names: Names, text: str) -> None:
    encoded = small_names.encoded_name(text)
    by_automaton = _automaton(list(small_names._numbers)).find_matches_as_indexes(encoded)
    assert small_names._looked_up(encoded) == [tuple(found) for found in by_automaton]


def test_compiled_names_link_as_those_read_from_the_graph(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, small_hpo())
    text = "Dislocated lens, no myopia; MVP and aortic root aneurysms in Lens and aorta syndrome. " * 3
    read = Linker(graph)
    compile_names(graph)
    compiled = Linker(graph)
    assert compiled.link(text) == read.link(text) != ()
    assert compiled.link(text * 2000)[: len(read.link(text))] == read.link(text)  # the automaton is made
    assert compiled._names._automaton is not None
    assert compiled._names.common_words(0.1) == read._names.common_words(0.1)


def test_compiled_names_of_a_graph_without_any(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, [])
    compile_names(graph)
    assert Linker(graph).link("Is it a dislocated lens?") == ()
