"""What a reader of a PDF sees, with one kind of space and words put together again where a line broke them."""

import io
import re

from pypdf import PdfReader


def pages(pdf: bytes) -> list[str]:
    return [_flat(page.extract_text()) for page in PdfReader(io.BytesIO(pdf)).pages]


def text(pdf: bytes) -> str:
    return " ".join(pages(pdf))


def bare(words: str) -> str:
    """Without any space, for texts that may break anywhere."""
    return re.sub(r"[\s\u200b\u202f\u00a0]+", "", words)


def _flat(words: str) -> str:
    return re.sub(r"[\s\u202f\u00a0]+", " ", words.replace("\u200b", ""))
