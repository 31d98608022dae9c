"""Statements for tests, as banks write them."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sofy.wire.camt import Balance, Detail, Entry, Statement, write

IBAN = "FR7630006000011234567890189"
NOW = datetime(2026, 7, 2, 4, tzinfo=UTC)
DAY = date(2026, 7, 1)


def head(*, opening="0.00", closing="0.00", **given) -> Statement:
    values = {
        "message": "camt.053",
        "version": "08",
        "message_id": "M1",
        "id": "2026-07-01",
        "account": IBAN,
        "currency": "EUR",
        "opening": Balance("OPBD", DAY, Decimal(opening)),
        "closing": Balance("CLBD", DAY, Decimal(closing)),
    }
    return Statement(**{**values, **given})


def entry(amount="1440.00", *details: Detail, **given) -> Entry:
    values = {
        "key": "",
        "number": 1,
        "line": 0,
        "amount": Decimal(amount),
        "currency": "EUR",
        "credit": True,
        "status": "BOOK",
        "booked_on": DAY,
        "value_on": DAY,
        "code": "PMNT-RCDT-ESCT",
        "details": details,
    }
    return Entry(**{**values, **given})


def detail(**given) -> Detail:
    return Detail(**{"credit": True, **given})


def written(*entries: Entry, **given) -> bytes:
    """A statement that adds up, unless `opening` or `closing` say otherwise."""
    moved = sum((one.signed for one in entries if one.status == "BOOK"), Decimal(0))
    made = head(**{"closing": str(moved), **given})
    return b"".join(write(made, entries, created_at=NOW))


#: As a German bank wrote them in 2014: version 02, one entry with a batch of debits, one that came back, one with fees.
OLDER = b"""<?xml version="1.0" encoding="ISO-8859-15"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
          xsi:schemaLocation="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02 camt.053.001.02.xsd">
 <BkToCstmrStmt>
  <GrpHdr><MsgId>27632364572</MsgId><CreDtTm>2026-07-01T19:30:47.0+01:00</CreDtTm>
   <MsgPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></MsgPgntn></GrpHdr>
  <Stmt>
   <Id>2763236457</Id><ElctrncSeqNb>130</ElctrncSeqNb><CreDtTm>2026-07-01T19:30:47.0+01:00</CreDtTm>
   <Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy>
    <Ownr><Nm>Sofy</Nm></Ownr></Acct>
   <Bal><Tp><CdOrPrtry><Cd>PRCD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">33.06</Amt><CdtDbtInd>DBIT</CdtDbtInd>
    <Dt><Dt>2026-06-30</Dt></Dt></Bal>
   <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">361.94</Amt><CdtDbtInd>CRDT</CdtDbtInd>
    <Dt><Dt>2026-07-01</Dt></Dt></Bal>
   <Ntry>
    <Amt Ccy="EUR">500.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
    <BookgDt><Dt>2026-07-01</Dt></BookgDt><ValDt><Dt>2026-07-01</Dt></ValDt><AcctSvcrRef>NONREF</AcctSvcrRef>
    <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd><SubFmlyCd>ESDD</SubFmlyCd></Fmly></Domn>
     <Prtry><Cd>NDDT+192</Cd><Issr>DK</Issr></Prtry></BkTxCd>
    <NtryDtls><Btch><PmtInfId>SOFY-1-1</PmtInfId><NbOfTxs>2</NbOfTxs></Btch></NtryDtls>
    <AddtlNtryInf>Sammler-Einzug</AddtlNtryInf>
   </Ntry>
   <Ntry>
    <Amt Ccy="EUR">103.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>
    <BookgDt><Dt>2026-07-01</Dt></BookgDt><ValDt><Dt>2026-07-01</Dt></ValDt>
    <AcctSvcrRef>2026070112345</AcctSvcrRef>
    <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd><SubFmlyCd>UPDD</SubFmlyCd></Fmly></Domn></BkTxCd>
    <NtryDtls><TxDtls>
     <Refs><EndToEndId>FA-2026-000007</EndToEndId><MndtId>RUM-7</MndtId></Refs>
     <AmtDtls><InstdAmt><Amt Ccy="EUR">100.00</Amt></InstdAmt><TxAmt><Amt Ccy="EUR">100.00</Amt></TxAmt></AmtDtls>
     <Chrgs><Amt Ccy="EUR">3.00</Amt></Chrgs>
     <RltdPties><Dbtr><Nm>Cr\xeaperie Le Goff</Nm></Dbtr>
      <DbtrAcct><Id><IBAN>FR1420041010050500013M02606</IBAN></Id></DbtrAcct></RltdPties>
     <RmtInf><Ustrd>Facture FA-2026-</Ustrd><Ustrd>000007</Ustrd></RmtInf>
     <RtrInf><Rsn><Cd>AM04</Cd></Rsn><AddtlInf>insufficient funds</AddtlInf></RtrInf>
    </TxDtls></NtryDtls>
   </Ntry>
   <Ntry>
    <Amt Ccy="EUR">2.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>
    <BookgDt><DtTm>2026-06-30T23:30:00Z</DtTm></BookgDt>
    <BkTxCd><Prtry><Cd>NCHG</Cd></Prtry></BkTxCd>
   </Ntry>
  </Stmt>
 </BkToCstmrStmt>
</Document>
"""
