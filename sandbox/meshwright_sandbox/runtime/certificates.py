"""The sandbox's one development certificate authority.

Webhook servers, istiod's certificate authority and ingress gateways get their certificates from
it, so a user has one root to trust (``HOME/ca/root-cert.pem``). Keys are ECDSA P-256: they are
made in milliseconds, and Istio and Kubernetes take them.
"""

from __future__ import annotations

import datetime
import ipaddress
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.private_files import write_private

_ROOT_YEARS = 10
_LEAF_DAYS = 90
_COMMON_NAME_LIMIT = 64
_lock = threading.Lock()


@dataclass(frozen=True)
class KeyPair:
    """A certificate (leaf first, then its issuers where there are any) and its key, both PEM."""

    certificate: str
    key: str


class CertificateAuthority:
    """Signs certificates with one root key."""

    def __init__(self, pair: KeyPair, kept_in: Path | None = None) -> None:
        self._pair = pair
        self._kept_in = kept_in

    def check(self) -> None:
        """Raise :class:`RuntimeFailure` unless it can sign; it can be had in any case, so that what
        runs can be ended.
        """
        self._signer()

    def _signer(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        try:
            certificate = x509.load_pem_x509_certificate(self._pair.certificate.encode())
            key = serialization.load_pem_private_key(self._pair.key.encode(), password=None)
        except ValueError as error:
            raise RuntimeFailure(
                f"the development CA in {self._kept_in} cannot be read, as after a crash of the "
                "machine; delete that folder, and the next start makes a new one"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise RuntimeFailure(f"the key in {self._kept_in} is not an elliptic-curve key")
        return certificate, key

    @property
    def certificate(self) -> str:
        """The root certificate, PEM."""
        return self._pair.certificate

    @property
    def key(self) -> str:
        """The root key, PEM; istiod signs workload certificates with it."""
        return self._pair.key

    @classmethod
    def generate(cls) -> CertificateAuthority:
        """A new root, valid for ten years."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Meshwright sandbox"),
                x509.NameAttribute(NameOID.COMMON_NAME, "Meshwright development CA"),
            ]
        )
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            _builder(name, name, key, now, datetime.timedelta(days=365 * _ROOT_YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        return cls(KeyPair(_pem(certificate), _key_pem(key)))

    @classmethod
    def open(cls, directory: Path) -> CertificateAuthority:
        """The authority kept in ``directory``; made there at the first call."""
        certificate_file, key_file = directory / "root-cert.pem", directory / "root-key.pem"
        with _lock:
            if certificate_file.exists() and key_file.exists():
                kept = [file.read_text(errors="replace") for file in (certificate_file, key_file)]
                return cls(KeyPair(*kept), directory)
            authority = cls.generate()
            directory.mkdir(parents=True, exist_ok=True)
            write_private(key_file, authority.key)
            write_private(certificate_file, authority.certificate)
            return authority

    def issue(self, hosts: Iterable[str]) -> KeyPair:
        """A serving certificate for ``hosts`` (DNS names, ``*.`` names or IP addresses),
        followed by the root, valid for 90 days.
        """
        hosts = list(dict.fromkeys(hosts))
        if not hosts:
            raise ValueError("a certificate needs at least one host name")
        authority, signing = self._signer()
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:_COMMON_NAME_LIMIT])]
        )
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            _builder(subject, authority.subject, key, now, datetime.timedelta(days=_LEAF_DAYS))
            .add_extension(x509.SubjectAlternativeName([_name(h) for h in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
                critical=False,
            )
            .sign(signing, hashes.SHA256())
        )
        return KeyPair(_pem(certificate) + self.certificate, _key_pem(key))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime.datetime,
    lifetime: datetime.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + lifetime)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
