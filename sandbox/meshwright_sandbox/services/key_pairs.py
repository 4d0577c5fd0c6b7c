"""RSA key pairs of service accounts, in the forms in which IAM hands them out."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from meshwright_sandbox.core.errors import invalid

# The documented password of every PKCS12 file.
_PASSWORD = b"notasecret"
_NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@dataclass(frozen=True)
class Owner:
    """The account that a key stands for.

    Attributes:
        project: id of its project.
        email: its address.
        unique_id: its number.
    """

    project: str
    email: str
    unique_id: str


@dataclass(frozen=True)
class KeyPair:
    """A private key, and the certificate that says whose it is."""

    private: rsa.RSAPrivateKey
    certificate: x509.Certificate

    def credentials_file(self, owner: Owner, key_id: str) -> bytes:
        """JSON that Google's client libraries read."""
        address = owner.email.replace("@", "%40")
        pem = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        content = {
            "type": "service_account",
            "project_id": owner.project,
            "private_key_id": key_id,
            "private_key": pem.decode(),
            "client_email": owner.email,
            "client_id": owner.unique_id,
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token",
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{address}",
            "universe_domain": "googleapis.com",
        }
        return (json.dumps(content, indent=2) + "\n").encode()

    def pkcs12_file(self) -> bytes:
        """The older form, key and certificate in one file."""
        encryption = BestAvailableEncryption(_PASSWORD)
        return pkcs12.serialize_key_and_certificates(
            b"privatekey", self.private, self.certificate, None, encryption
        )


def generate(owner: Owner, bits: int, until: datetime = _NEVER) -> KeyPair:
    """A new key with a certificate that it signed itself."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner.unique_id)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC).replace(microsecond=0))
        .not_valid_after(until)
        .sign(private, hashes.SHA256())
    )
    return KeyPair(private, certificate)


def read_certificate(pem: bytes) -> x509.Certificate:
    """A certificate around an RSA key.

    Raises:
        ApiError: 400 for anything else.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        if not bits_of(certificate):
            raise invalid("The given public key is not an RSA public key.")
    except ValueError as error:
        raise invalid("The given public key is not in a valid format.") from error
    return certificate


def bits_of(certificate: x509.Certificate) -> int:
    """The length of a certificate's RSA key; 0 for a key of another kind."""
    public = certificate.public_key()
    return public.key_size if isinstance(public, rsa.RSAPublicKey) else 0


def public_form(pem: str, wanted: str) -> str:
    """What `publicKeyType` asks for of a stored certificate, in base64."""
    if wanted == "TYPE_X509_PEM_FILE":
        return base64.b64encode(pem.encode()).decode()
    public = x509.load_pem_x509_certificate(pem.encode()).public_key()
    raw = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(raw).decode()


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as text."""
    return certificate.public_bytes(Encoding.PEM).decode()
