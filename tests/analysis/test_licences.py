"""What the words of a licence permit."""

from __future__ import annotations

import pytest

from ragmed.analysis.licences import is_licence, permits_commercial_use


@pytest.mark.parametrize(
    "licence",
    [
        "CC BY 4.0",
        "cc-by-3.0",
        "CC-BY",
        "CC BY-SA 4.0",
        "CC BY-ND 4.0",
        "CC0",
        "CC0-1.0",
        "https://creativecommons.org/licenses/by/4.0/",
        "http://creativecommons.org/licenses/by-sa/2.0/uk/",
        "https://creativecommons.org/publicdomain/zero/1.0/",
        "Creative Commons Attribution 4.0 International",
        "This is an open access article distributed under the terms of the Creative Commons Attribution License, which "
        "permits unrestricted use, distribution, and reproduction in any medium, provided the work is properly cited.",
        "Copyright 2010 Smith et al; licensee Example. Distributed under the Creative Commons Attribution Licence.",
        "public domain",
        "Public domain (U.S. Government work)",
        "This is a work of the US government.",
        "MIT",
        "mit",
        "MIT License",
        "Apache-2.0",
        "Apache-2.0; demonstration text, not for care",
        "BSD-3-Clause",
        "GPL-3.0-or-later",
        "LGPLv3",
        "ODbL 1.0",
        "Open Government Licence v3.0",
    ],
)
def test_these_permit_commercial_use(licence: str) -> None:
    assert permits_commercial_use(licence) is True


@pytest.mark.parametrize(
    "licence",
    [
        "CC BY-NC 4.0",
        "cc-by-nc-nd-4.0",
        "CC BY-NC-SA",
        "CC-NC-BY",
        "https://creativecommons.org/licenses/by-nc-sa/4.0/",
        "Creative Commons Attribution-NonCommercial 4.0",
        "Creative Commons Attribution Non-Commercial No Derivatives License",
        "for non-commercial use",
        "research use",
        "Free for academic and research purposes only",
        "© 2020 Example Press. All rights reserved.",
        "MIT (code); data: CC BY-NC 4.0",
    ],
)
def test_these_forbid_it(licence: str) -> None:
    assert permits_commercial_use(licence) is False


@pytest.mark.parametrize(
    "licence",
    [
        "",
        " ; ",
        "unknown",
        "NO-CC CODE",
        "Creative Commons",
        "HPO licence: free to use with attribution, content not to be altered",
        "MIT (dataset); abstracts: PubMed terms, copyright with their publishers",
        "Abdruck mit Genehmigung",
        "The MIT Press",
        "Copyright 2020 The Authors",
        "Used with permission",
    ],
)
def test_of_these_it_is_not_known(licence: str) -> None:
    assert permits_commercial_use(licence) is None


@pytest.mark.parametrize(
    ("licence", "name", "same"),
    [
        ("CC BY 4.0", "CC BY 4.0", True),
        ("https://creativecommons.org/licenses/by/4.0/", "cc-by-4.0", True),
        ("CC BY 2.5", "CC BY", True),
        ("CC BY", "CC BY 4.0", False),
        ("CC BY-NC 4.0", "CC BY", False),
        ("CC BY-NC-ND 4.0", "CC BY-NC-ND", True),
        ("CC BY-NC-SA 4.0", "CC BY-NC-ND", False),
        ("CC0 1.0", "CC0", True),
        ("CC BY 4.0; figures: all rights reserved", "CC BY", False),
        ("Apache 2.0", "Apache-2.0", True),
        ("Apache-2.0", "Apache-1.1", False),
        ("", "", False),
    ],
)
def test_a_licence_is_recognised_by_its_name(licence: str, name: str, same: bool) -> None:
    assert is_licence(licence, name) is same
