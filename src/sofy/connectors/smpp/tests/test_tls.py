"""TLS with a private authority and a client certificate."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sofy.connectors.smpp.config import Config
from sofy.connectors.smpp.connector import SmppConnector
from sofy.connectors.smpp.tests.factories import Engine, outgoing
from sofy.connectors.smpp.tests.test_connector import Smsc


class Authority:
    """A certification authority of the test's own."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        certificate = self._sign(self._name, self._key.public_key(), authority=True)
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def certificate(self, name: str) -> tuple[str, str]:
        """The files of a certificate for 127.0.0.1 and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        pem = self.folder / f"{name}.crt"
        pem.write_bytes(self._sign(subject, key.public_key()).public_bytes(serialization.Encoding.PEM))
        secret = self.folder / f"{name}.key"
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(pem), str(secret)

    def _sign(self, subject: x509.Name, public: Any, *, authority: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(self._key, hashes.SHA256())
        )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def _listen(authority: Authority) -> Smsc:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*authority.certificate("server"))
    smsc = Smsc()
    await smsc.listen(context)
    return smsc


async def test_messages_leave_under_tls_with_both_certificates(authority: Authority) -> None:
    smsc = await _listen(authority)
    certificate, key = authority.certificate("client")
    config = Config(
        host="127.0.0.1", port=smsc.port, system_id="sofy", password="secret", tls=True,
        tls_ca_file=str(authority.file), tls_certificate_file=certificate, tls_key_file=key,
    )  # fmt: skip
    engine = Engine()
    connector = SmppConnector(config, engine)

    await connector.start()
    connector.submit([outgoing(text="Bonjour")])
    await engine.until(lambda: bool(engine.outcomes))

    assert smsc.texts == ["Bonjour"]
    await connector.stop()
    await smsc.close()


@pytest.mark.parametrize("missing", ["authority", "certificate"])
async def test_no_trust_no_bind(missing: str, authority: Authority, tmp_path: Path) -> None:
    smsc = await _listen(authority)
    certificate, key = authority.certificate("client")
    stranger = Authority(tmp_path, "stranger")
    config = Config(
        host="127.0.0.1", port=smsc.port, system_id="sofy", password="secret", tls=True, reconnect_s=0.05,
        tls_ca_file=str(stranger.file if missing == "authority" else authority.file),
        tls_certificate_file="" if missing == "certificate" else certificate,
        tls_key_file="" if missing == "certificate" else key,
    )  # fmt: skip
    engine = Engine()
    connector = SmppConnector(config, engine)

    await connector.start()
    await engine.until(lambda: connector.health().last_error != "")

    assert connector.health().binds_up == 0
    assert smsc.sessions == []
    await connector.stop()
    await smsc.close()
