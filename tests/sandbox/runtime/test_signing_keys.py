"""A cluster tells the keys that its service accounts' tokens are signed with."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from kubernetes import client

from meshwright_sandbox.runtime.interface import ClusterAccess
from tests.sandbox.runtime.conftest import LOCATION, NAME, PROJECT, eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]


def token_of_default(api: client.ApiClient) -> str:
    core = client.CoreV1Api(api)
    request = {"spec": {"audiences": ["sts.googleapis.com"]}}
    made = eventually(
        lambda: core.create_namespaced_service_account_token("default", "default", request)
    )
    return made.status.token


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def number(part: str) -> int:
    return int.from_bytes(decoded(part), "big")


def test_its_tokens_verify_against_them(access: ClusterAccess, api: client.ApiClient) -> None:
    keyset = client.OpenidApi(api).get_service_account_issuer_open_id_keyset
    served = json.loads(keyset(_preload_content=False).data)
    header, claims, signature = token_of_default(api).split(".")
    kind: dict[str, Any] = json.loads(decoded(header))

    assert list(access.signing_keys) == served["keys"]
    [key] = [each for each in access.signing_keys if each["kid"] == kind["kid"]]
    public = rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
    public.verify(decoded(signature), f"{header}.{claims}".encode(), padding.PKCS1v15(), SHA256())


def test_its_tokens_are_issued_as_gke_issues_them(api: client.ApiClient) -> None:
    claims = json.loads(decoded(token_of_default(api).split(".")[1]))

    cluster = f"projects/{PROJECT}/locations/{LOCATION}/clusters/{NAME}"
    assert claims["iss"] == f"https://container.googleapis.com/v1/{cluster}"
    assert claims["sub"] == "system:serviceaccount:default:default"
