"""Identifiers written alike: one concept, one id, whichever source names it."""

from __future__ import annotations

import re

_PREFIXES = {
    "doid": "DOID",
    "drugbank": "DrugBank",
    "entrez": "NCBIGene",
    "hgnc": "HGNC",
    "icd-10-cm": "ICD10CM",
    "icd10cm": "ICD10CM",
    "meddra": "MedDRA",
    "mesh": "MESH",
    "mim": "OMIM",
    "mondo": "MONDO",
    "msh": "MESH",
    "ncbigene": "NCBIGene",
    "nci": "NCIT",
    "ncit": "NCIT",
    "omim": "OMIM",
    "omimps": "OMIMPS",
    "ordo": "ORPHA",
    "orpha": "ORPHA",
    "orphanet": "ORPHA",
    "sctid": "SNOMEDCT",
    "snomedct": "SNOMEDCT",
    "umls": "UMLS",
    "umls_cui": "UMLS",
}
"""A prefix in small letters → as it is written here; others stay as they are."""
_EDITION = re.compile(r"(?i)(snomedct)_us(?:_\d{4}_\d{2}_\d{2})?\Z")
_COMPACT = re.compile(r"([A-Za-z][\w.\-]*):([^\s:/][^\s]*)\Z")
_NO_CONCEPTS = frozenset({"http", "https", "url", "doi", "isbn", "issn", "orcid", "pmid", "pmc", "pmcid", "wikipedia"})
"""Prefixes of pages, persons and publications."""


def compact(identifier: str) -> str:
    """An id as a `ragmed.types.Node` has it; empty where it is none of a concept.

    >>> compact("UMLS_CUI:C0024796"), compact("Orphanet:558"), compact("SNOMEDCT_US_2023_03_01:19346006")
    ('UMLS:C0024796', 'ORPHA:558', 'SNOMEDCT:19346006')
    >>> compact("https://omim.org/entry/154700"), compact("Marfan syndrome")
    ('', '')
    """
    match = _COMPACT.match(identifier)
    if match is None or match[1].casefold() in _NO_CONCEPTS:
        return ""
    prefix = _EDITION.sub(r"\1", match[1])
    return f"{_PREFIXES.get(prefix.casefold(), prefix)}:{match[2]}"
