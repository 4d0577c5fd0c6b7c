"""Keys of service accounts, driven by google-api-python-client, google-auth and gcloud."""

import base64
import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key, pkcs12
from cryptography.x509.oid import NameOID
from google.auth import jwt
from google.oauth2.service_account import Credentials
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import Sandbox, client

Gcloud = Callable[..., Any]


@dataclass
class Account:
    """A service account, and calls about its keys."""

    about: dict[str, Any]
    keys: Any

    def create(self, **body: str) -> dict[str, Any]:
        return self.keys.create(name=self.about["name"], body=body).execute()

    def upload(self, certificate: bytes) -> dict[str, Any]:
        body = {"publicKeyData": base64.b64encode(certificate).decode()}
        return self.keys.upload(name=self.about["name"], body=body).execute()

    def listed(self, *types: str) -> list[dict[str, Any]]:
        answer = self.keys.list(name=self.about["name"], keyTypes=list(types)).execute()
        return answer.get("keys", [])

    def public(self, name: str, form: str) -> bytes:
        key = self.keys.get(name=name, publicKeyType=form).execute()
        return base64.b64decode(key["publicKeyData"])


def make_account(iam: Any, project: str) -> Account:
    accounts = iam.projects().serviceAccounts()
    body: dict[str, Any] = {"accountId": "nodes-sa", "serviceAccount": {}}
    made = accounts.create(name=f"projects/{project}", body=body).execute()
    return Account(made, accounts.keys())


@pytest.fixture
def account(google: GoogleClients, project: str) -> Account:
    return make_account(google("iam", "v1"), project)


def credentials_of(key: dict[str, Any]) -> dict[str, str]:
    return json.loads(base64.b64decode(key["privateKeyData"]))


def certificate(key: Any) -> bytes:
    """A certificate that a key signed itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "unused")])
    start = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(start).not_valid_after(start.replace(year=2027))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def refused(status: int, call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(HttpError) as caught:
        call()
    assert caught.value.status_code == status
    return json.loads(caught.value.content)["error"]


def test_what_a_new_key_signs_verifies_with_its_public_half(account: Account) -> None:
    made = account.create()
    info = credentials_of(made)
    credentials = Credentials.from_service_account_info(info)

    token = jwt.encode(credentials.signer, {"iat": 1, "exp": 2**31, "sub": "me"})
    pem = account.public(made["name"], "TYPE_X509_PEM_FILE").decode()

    assert jwt.decode(token, certs={info["private_key_id"]: pem})["sub"] == "me"
    assert credentials.service_account_email == account.about["email"]
    assert info["client_id"] == account.about["uniqueId"]
    assert info["project_id"] == account.about["projectId"]
    assert made["name"] == f"{account.about['name']}/keys/{info['private_key_id']}"
    raw = load_pem_public_key(account.public(made["name"], "TYPE_RAW_PUBLIC_KEY"))
    assert raw == x509.load_pem_x509_certificate(pem.encode()).public_key()


def test_the_private_half_is_told_once_and_kept_nowhere(account: Account, sandbox: Sandbox) -> None:
    made = account.create()
    secret = made.pop("privateKeyData")
    assert made.pop("privateKeyType") == "TYPE_GOOGLE_CREDENTIALS_FILE"

    assert account.keys.get(name=made["name"]).execute() == made
    assert account.listed("USER_MANAGED") == [made]
    private = credentials_of({"privateKeyData": secret})["private_key"].split("\n")[3].encode()
    kept = [file.read_bytes() for file in sandbox.home.rglob("*") if file.is_file()]
    assert any(made["name"].encode() in content for content in kept)
    assert not any(private in content or secret[:60].encode() in content for content in kept)


@pytest.mark.parametrize(
    ("asked", "bits"), [({}, 2048), ({"keyAlgorithm": "KEY_ALG_RSA_1024"}, 1024)]
)
def test_a_key_is_as_long_as_asked_for(account: Account, asked: dict[str, str], bits: int) -> None:
    made = account.create(privateKeyType="TYPE_PKCS12_FILE", **asked)

    content = base64.b64decode(made["privateKeyData"])
    private, held, _ = pkcs12.load_key_and_certificates(content, b"notasecret")

    assert made["privateKeyType"] == "TYPE_PKCS12_FILE"
    assert made["keyAlgorithm"] == f"KEY_ALG_RSA_{bits}"
    assert isinstance(private, rsa.RSAPrivateKey)
    assert private.key_size == bits
    assert held
    assert held.public_key() == private.public_key()


def test_google_has_a_key_of_its_own_for_each_account(account: Account) -> None:
    mine = account.create()["name"]

    [google] = account.listed("SYSTEM_MANAGED")

    assert [key["name"] for key in account.listed("USER_MANAGED")] == [mine]
    assert {key["name"] for key in account.listed()} == {mine, google["name"]}
    assert google["keyOrigin"] == "GOOGLE_PROVIDED"
    for verb in (account.keys.disable, account.keys.delete):
        body = {"body": {}} if verb == account.keys.disable else {}
        error = refused(400, verb(name=google["name"], **body).execute)
        assert error["status"] == "FAILED_PRECONDITION"
    assert account.listed("SYSTEM_MANAGED") == [google]


def test_an_account_has_ten_keys_at_most(account: Account) -> None:
    names = [account.create(keyAlgorithm="KEY_ALG_RSA_1024")["name"] for _ in range(10)]

    error = refused(400, account.create)
    account.keys.delete(name=names[0]).execute()
    again = account.create()["name"]

    assert error["status"] == "FAILED_PRECONDITION"
    listed = {key["name"] for key in account.listed("USER_MANAGED")}
    assert listed == {*names[1:], again}


def test_a_deleted_key_is_gone(account: Account) -> None:
    name = account.create()["name"]

    account.keys.delete(name=name).execute()

    for verb in (account.keys.get, account.keys.delete):
        error = refused(404, verb(name=name).execute)
        assert error["message"] == f"Service account key {name.rpartition('/')[2]} does not exist."


def test_keys_go_with_their_account(account: Account, google: GoogleClients, project: str) -> None:
    name = account.create()["name"]
    iam = google("iam", "v1")
    iam.projects().serviceAccounts().delete(name=account.about["name"]).execute()

    refused(404, account.create)
    refused(404, lambda: account.upload(b"whatever it is"))
    refused(404, account.listed)
    refused(404, account.keys.get(name=name).execute)
    assert make_account(iam, project).listed("USER_MANAGED") == []


def test_a_disabled_key_says_so_until_enabled(account: Account) -> None:
    made = account.keys.get(name=account.create()["name"]).execute()
    name = made["name"]

    for _ in range(2):  # a second time is no mistake
        account.keys.disable(name=name, body={}).execute()
    disabled = account.keys.get(name=name).execute()
    account.keys.enable(name=name, body={}).execute()

    reason = "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"
    assert disabled == made | {"disabled": True, "disableReason": reason}
    assert account.keys.get(name=name).execute() == made


def test_a_key_of_ones_own_is_known_by_its_certificate(account: Account) -> None:
    pem = certificate(rsa.generate_private_key(65537, 2048))

    made = account.upload(pem)

    assert account.public(made["name"], "TYPE_X509_PEM_FILE") == pem
    assert made["keyOrigin"] == "USER_PROVIDED"
    assert "privateKeyData" not in made
    times = made["validAfterTime"], made["validBeforeTime"]
    assert times == ("2026-01-02T03:04:05Z", "2027-01-02T03:04:05Z")
    assert refused(409, lambda: account.upload(pem))["status"] == "ALREADY_EXISTS"
    assert account.listed("USER_MANAGED") == [made]


@pytest.mark.parametrize("kind", ["another", "text", "nothing"])
def test_only_rsa_certificates_are_taken(account: Account, kind: str) -> None:
    sent = {
        "another": lambda: certificate(ec.generate_private_key(ec.SECP256R1())),
        "text": lambda: b"not a certificate",
        "nothing": lambda: b"",
    }

    assert refused(400, lambda: account.upload(sent[kind]()))["status"] == "INVALID_ARGUMENT"
    assert account.listed("USER_MANAGED") == []


def test_an_account_is_called_in_any_of_its_ways(account: Account) -> None:
    made = account.create()["name"].removeprefix(f"{account.about['name']}/")

    for called in (account.about["email"], account.about["uniqueId"]):
        name = f"projects/-/serviceAccounts/{called}"
        [key] = account.keys.list(name=name, keyTypes="USER_MANAGED").execute()["keys"]
        assert key["name"] == f"{account.about['name']}/{made}"
        assert account.keys.get(name=f"{name}/{made}").execute() == key


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"keyAlgorithm": "KEY_ALG_RSA_4096"}, "Invalid value at 'key_algorithm'"),
        ({"privateKeyType": "PEM"}, "Invalid value at 'private_key_type'"),
        ({"colour": "red"}, 'Unknown name "colour"'),
    ],
)
def test_a_wrong_request_is_refused(account: Account, body: dict[str, str], text: str) -> None:
    error = refused(400, lambda: account.create(**body))

    assert text in error["message"]
    assert account.listed("USER_MANAGED") == []


def test_keys_survive_a_killed_sandbox(tmp_path: Path) -> None:
    server = Sandbox(tmp_path / "home")
    server.start()
    account = make_account(client(server.url, "iam", "v1"), "meshwright-dev")
    account.create()
    before = account.listed()

    server.kill()
    server.start()

    again: Any = client(server.url, "iam", "v1")
    account.keys = again.projects().serviceAccounts().keys()
    after = account.listed()
    server.stop()
    assert after == before


@pytest.mark.gcloud
def test_gcloud_creates_lists_and_deletes(gcloud: Gcloud, account: Account, tmp_path: Path) -> None:
    of_account = f"--iam-account={account.about['email']}"
    keys = ("iam", "service-accounts", "keys")
    file = tmp_path / "key.json"

    gcloud(*keys, "create", str(file), of_account)
    key_id = json.loads(file.read_text())["private_key_id"]
    gcloud(*keys, "disable", key_id, of_account)
    [listed] = gcloud(*keys, "list", of_account, "--managed-by=user")
    gcloud(*keys, "delete", key_id, of_account)

    assert listed["name"].rpartition("/")[2] == key_id
    assert listed["disabled"] is True
    assert account.listed("USER_MANAGED") == []


@pytest.mark.gcloud
def test_gcloud_uploads(gcloud: Gcloud, account: Account, tmp_path: Path) -> None:
    file = tmp_path / "public.pem"
    file.write_bytes(certificate(rsa.generate_private_key(65537, 2048)))

    made = gcloud(
        *("iam", "service-accounts", "keys", "upload", str(file)),
        f"--iam-account={account.about['email']}",
    )

    assert [made] == account.listed("USER_MANAGED")
