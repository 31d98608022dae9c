"""Every sample as PDF, for eyes: `python -m sofy.billing.paper.tests.look DIR`."""

import sys
from pathlib import Path
from typing import get_args

from sofy.billing.paper.case_file import case_file_pdf
from sofy.billing.paper.formal_notice import formal_notice_pdf
from sofy.billing.paper.invoice import invoice_pdf
from sofy.billing.paper.tests import claim_samples, samples
from sofy.press.words import Language


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for language in get_args(Language):
        for name, made in samples.ALL.items():
            (folder / f"{name}_{language}.pdf").write_bytes(invoice_pdf(made(), language=language))
        for name, file in claim_samples.ALL.items():
            (folder / f"case_file_{name}_{language}.pdf").write_bytes(case_file_pdf(file(), language=language))
        for name, notice in claim_samples.NOTICES.items():
            (folder / f"notice_{name}_{language}.pdf").write_bytes(formal_notice_pdf(notice(), language=language))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
