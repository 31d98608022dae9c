"""Every sample as PDF, for eyes: `python -m sofy.billing.paper.tests.look DIR`."""

import sys
from pathlib import Path
from typing import get_args

from sofy.billing.paper.invoice import invoice_pdf
from sofy.billing.paper.tests import samples
from sofy.press.words import Language


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for language in get_args(Language):
        for name, made in samples.ALL.items():
            (folder / f"{name}_{language}.pdf").write_bytes(invoice_pdf(made(), language=language))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
