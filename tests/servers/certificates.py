"""Certificates for servers of the tests: by an authority of their own, in date or not, for this name or another."""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as PEM."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits."""
        return hashlib.sha256(self.certificate.public_bytes(serialization.Encoding.DER)).hexdigest()

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Files of certificate and key."""
        folder.mkdir(exist_ok=True)
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        paths = folder / "certificate.pem", folder / "key.pem"
        paths[0].write_text(self.pem)
        paths[1].write_bytes(key)
        return paths

    def serve(self, folder: Path) -> ssl.SSLContext:
        """The context of a server with it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.write(folder))
        return context


@lru_cache(maxsize=1)
def authority() -> Identity:
    """An authority that no computer knows."""
    return _issued("An authority of the tests", None, is_authority=True)


def issued(*, name: str = "127.0.0.1", days: tuple[int, int] = (-1, 30), self_signed: bool = False) -> Identity:
    """A server's certificate for `name`, good from and until so many days from now."""
    return _issued(name, None if self_signed else authority(), days=days)


def _issued(
    name: str, by: Identity | None, *, days: tuple[int, int] = (-1, 30), is_authority: bool = False
) -> Identity:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    try:
        names: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        names = x509.DNSName(name.replace(" ", "-"))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * _DAY)
        .not_valid_after(now + days[1] * _DAY)
        .add_extension(x509.SubjectAlternativeName([names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    return Identity(builder.sign(key if by is None else by.key, hashes.SHA256()), key)
