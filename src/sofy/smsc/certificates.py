"""How the TLS listener shows who it is: its certificate, or one of its own making for demo, training and tests."""

import ipaddress
import os
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sofy.kernel.config import Config
from sofy.kernel.errors import ConfigError

_LIVES = timedelta(days=3650)


def context(config: Config) -> ssl.SSLContext | None:
    """What TLS needs; in production there is none without a certificate. Raises: ConfigError."""
    path = config.smpp_cert_file
    if path is None:
        if config.production:
            return None
        path = self_signed(config.var_dir.absolute() / "smpp")
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        made.load_cert_chain(path, config.smpp_key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError("SOFY_SMPP_CERT_FILE", f"the certificate or its key cannot be used: {error}") from error
    return made


def self_signed(folder: Path) -> Path:
    """A file with a key and a certificate for this machine, made when it is not there."""
    path = folder / "self-signed.pem"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    began = datetime.fromtimestamp(time.time(), UTC) - timedelta(days=1)  # of the machine: who checks it has no other
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + _LIVES)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(private + made.public_bytes(serialization.Encoding.PEM))
    draft.replace(path)
    return path
