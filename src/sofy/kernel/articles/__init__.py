"""The articles of the contract that code refers to, with their own words (in French, verbatim).

Source: Conditions Générales de Vente et d'Utilisation (CGVU) of 24 March 2026 and their annex on personal data (DPA).
Every sentence is a part of the stored documents, `contracts/documents`; a test compares them.
"""

from sofy.kernel.articles import cgvu_1_to_11, cgvu_12_to_30, dpa
from sofy.kernel.articles.article import Article

__all__ = ["ARTICLES", "IN_SCOPE", "Article"]

ARTICLES: dict[str, Article] = {**cgvu_1_to_11.CGVU, **cgvu_12_to_30.CGVU, **dpa.DPA}

#: The articles which the product carries out today; each needs at least one test, or the build fails.
IN_SCOPE: frozenset[str] = frozenset(
    {
        f"CGVU {number}"
        for number in (
            "1", "2", "3.3", "3.4", "4", "5.1", "6", "7.1", "7.2", "8.1", "8.2", "8.3", "9.1", "9.2", "9.3", "10.1",
            "10.2", "11", "12", "13", "14.1", "14.2", "14.3", "15", "16", "17", "18", "19", "20", "21.1", "21.2",
            "21.3", "22", "24", "27", "28", "29",
        )
    }
    | {f"DPA {number}" for number in (2, 3, 4, 5, 6, 7, 12, 13, 15)}
)  # fmt: skip
