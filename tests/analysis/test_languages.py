"""In which language a text is written. The sentences were written for this test."""

from __future__ import annotations

import pytest

from ragmed.analysis.languages import language_of

SENTENCES = {
    "en": [
        "The patient was admitted to the hospital with fever and a cough.",
        "Aspirin is not recommended for children who have a viral infection.",
        "We studied the effect of exercise on blood pressure in older adults.",
        "Symptoms may include tiredness, weight loss and pain in the joints.",
        "This condition is caused by a mutation in a gene on chromosome 15.",
    ],
    "de": [
        "Der Patient wurde mit Fieber und Husten in das Krankenhaus aufgenommen.",
        "Aspirin ist für Kinder mit einer Virusinfektion nicht geeignet.",
        "Die Ergebnisse zeigen, dass sich der Blutdruck durch Bewegung senken lässt.",
        "Bei der Untersuchung war die Leber nicht zu tasten.",
        "Das Gen liegt auf dem langen Arm von Chromosom 15 und ist bei Kindern verändert.",
    ],
    "fr": [
        "Le patient a été admis à l'hôpital avec de la fièvre et une toux.",
        "L'aspirine n'est pas conseillée chez les enfants qui ont une infection virale.",
        "Nous avons étudié l'effet de l'exercice sur la tension dans une population âgée.",
        "Les symptômes sont la fatigue, la perte de poids et des douleurs dans les articulations.",
        "Cette maladie est due à une mutation du gène.",
    ],
    "es": [
        "El paciente fue ingresado en el hospital con fiebre y tos.",
        "La aspirina no se recomienda en los niños con una infección viral.",
        "Los síntomas son el cansancio, la pérdida de peso y el dolor en las articulaciones.",
        "Esta enfermedad es hereditaria y se debe a una mutación del gen.",
        "El tratamiento de la hipertensión en las personas mayores fue eficaz.",
    ],
    "it": [
        "Il paziente è stato ricoverato in ospedale con la febbre e la tosse.",
        "L'aspirina non è indicata nei bambini che hanno una infezione virale.",
        "I sintomi della malattia sono la stanchezza e il dolore alle articolazioni.",
        "Questa malattia è dovuta a una mutazione del gene.",
        "Il trattamento della pressione alta negli anziani è stato efficace anche con il farmaco.",
    ],
    "pt": [
        "O paciente foi internado no hospital com febre e tosse.",
        "A aspirina não é recomendada em crianças com uma infecção viral.",
        "Os sintomas são o cansaço, a perda de peso e a dor nas articulações.",
        "Esta doença é hereditária e tem origem em uma mutação do gene.",
        "O tratamento da hipertensão em idosos não foi eficaz.",
    ],
    "nl": [
        "De patiënt werd met koorts en hoest in het ziekenhuis opgenomen.",
        "Aspirine is niet geschikt voor kinderen met een virusinfectie.",
        "De klachten zijn moeheid en pijn in de gewrichten van de hand.",
        "Het gen ligt op de lange arm van het chromosoom.",
        "Wij hebben het effect van beweging op de bloeddruk bij ouderen onderzocht.",
    ],
    "sv": [
        "Patienten lades in på sjukhus med feber och hosta och var mycket trött.",
        "Medicinen är inte lämplig för barn som har en infektion.",
        "Sjukdomen beror på en förändring av arvsanlaget och är inte vanlig.",
    ],
    "da": [
        "Patienten blev indlagt på hospitalet med feber og hoste og var meget træt.",
        "Medicinen er ikke egnet til børn, som har en infektion.",
    ],
    "pl": [
        "Pacjent został przyjęty do szpitala z gorączką i nie mógł chodzić na spacery.",
        "Choroba jest dziedziczna i nie ma na nią leku, który by ją wyleczył.",
    ],
    "cs": ["Pacient byl přijat do nemocnice s horečkou a kašlem, který trval od pondělí, a byl slabý."],
    "tr": ["Hasta ateş ve öksürük ile hastaneye yatırıldı ve bu tedavi için çok daha iyi bir sonuç alındı."],
    "ru": ["Больной поступил в больницу с высокой температурой и кашлем.", "Эта болезнь передаётся по наследству."],
    "uk": ["Хворий надійшов до лікарні з високою температурою і кашлем."],
    "zh": ["患者因发热和咳嗽入院。", "这种疾病是由基因突变引起的。"],
    "ja": ["患者は発熱と咳のため入院した。", "この病気は遺伝子の変異によって起こります。"],
    "ko": ["환자는 발열과 기침으로 입원하였다."],
    "el": ["Ο ασθενής εισήχθη στο νοσοκομείο με πυρετό και βήχα."],
    "ar": ["أدخل المريض إلى المستشفى بسبب الحمى والسعال."],
    "he": ["החולה אושפז בבית החולים עם חום ושיעול."],
}
ALL = [(language, sentence) for language, sentences in SENTENCES.items() for sentence in sentences]


def test_single_sentences_are_hardly_ever_taken_for_another_language() -> None:
    told = [(language, language_of(sentence)) for language, sentence in ALL]
    assert [pair for pair in told if pair[1] not in (pair[0], "")] == []
    assert sum(language == found for language, found in told) >= 0.9 * len(told)


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_a_paragraph_is_told(language: str) -> None:
    assert language_of(" ".join(SENTENCES[language])) == language


@pytest.mark.parametrize("text", ["", " \n", "Aspirin 100 mg", "Fever; cough; rash", "1.5 2.5 3.5", "Marfan-Syndrom"])
def test_names_and_numbers_have_no_language(text: str) -> None:
    assert language_of(text) == ""


def test_greek_letters_and_foreign_names_do_not_turn_english_around() -> None:
    text = "The effect of TNF-α and IFN-γ on β-cells was studied by the group of 李 and of Müller in São Paulo."
    assert language_of(text) == "en"


def test_only_the_beginning_is_read() -> None:
    assert (
        language_of("The cause of the fever is not known. " * 600 + "Die Ursache ist nicht bekannt. " * 10_000) == "en"
    )
