"""Nothing is finalised unless the oracle and all official rules agree: the one door to a valid e-invoice.

Run on the draft, with a number of the form it will have; the same XML is made again from the frozen document.
"""

from concurrent.futures import Future

from sofy.billing.document import Document
from sofy.billing.einvoice import cii, oracle
from sofy.billing.einvoice.oracle import Corrected, Problem, Situation
from sofy.billing.einvoice.validator import Finding, Validator, fatal


class Refused(ValueError):
    """A document that must not be finalised, and every reason why: ours, and rules of the standard."""

    def __init__(self, problems: list[Problem]) -> None:
        """`problems`: at least one; those of the oracle come first."""
        super().__init__("; ".join(f"{problem.code} ({problem.where}): {problem.text}" for problem in problems))
        self.problems = problems


class Pending:
    """A document that is being validated; meanwhile the next one can be made."""

    def __init__(self, xml: bytes, said: list[Problem], findings: "Future[list[Finding]] | None") -> None:
        """`said`: what the oracle has against it; `findings`: what the official rules will say, when asked."""
        self.xml = xml
        self._said = said
        self._findings = findings

    def result(self) -> bytes:
        """The CII, once everybody agrees.

        Raises: Refused, NotValidated
        """
        if self._findings is not None:
            for finding in fatal(self._findings.result()):
                self._said.append(Problem(code=finding.rule, where=finding.where, text=finding.text))
            self._findings = None
        if self._said:
            raise Refused(self._said)
        return self.xml


def begin(
    document: Document, situation: Situation, validator: Validator, corrected: tuple[Corrected, ...] = ()
) -> Pending:
    """Ask the oracle now and the official rules in the child process, in the order of the calls."""
    said = oracle.problems(document, situation, corrected)
    if any(problem.code == "text" for problem in said):
        return Pending(b"", said, None)
    xml = cii.build(document)
    return Pending(xml, said, validator.submit(xml, "cii"))


def checked(
    document: Document, situation: Situation, validator: Validator, corrected: tuple[Corrected, ...] = ()
) -> bytes:
    """The CII of a document that oracle and official rules agree on.

    Raises: Refused, NotValidated
    """
    return begin(document, situation, validator, corrected).result()
