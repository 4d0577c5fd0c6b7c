"""SEC-01: no secret stands in a resource as plain text, and no message repeats one."""

import pytest

from meshwright_policies.secret_shapes import MASK, mask, shape_of
from meshwright_policies.secrets import plaintext_secrets
from meshwright_policies.values import UNKNOWN, SecretText
from tests.policies.resources import findings, made, not_known, places, violations
from tests.policies.secret_samples import HARMLESS, SAMPLES, encoded, pem

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
INSTANCE = "gcp:compute/instance:Instance"
RELEASE = "kubernetes:helm.sh/v3:Release"
ENV = "spec.template.spec.containers[0].env[0].value"


def env(name: str, value: object) -> dict:
    container = {"env": [{"name": name, "value": value}]}
    return {"spec": {"template": {"spec": {"containers": [container]}}}}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("around", ["{}", "first\nkey = {}\nlast", "a: '{}', b"])
def test_a_secret_is_known_by_its_shape_wherever_it_stands(sample: str, around: str) -> None:
    text = around.format(SAMPLES[sample])

    (found,) = violations(plaintext_secrets, made(CONFIG_MAP, {"data": {"notes": text}}))

    assert found.where == "data.notes"
    assert "plain text" in found.what
    assert found.mend


@pytest.mark.parametrize("harmless", HARMLESS)
def test_what_is_no_secret_holds(harmless: str) -> None:
    properties = {"data": {"notes": HARMLESS[harmless]}}

    assert findings(plaintext_secrets, made(CONFIG_MAP, properties)) == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_message_and_no_path_repeats_the_secret(sample: str) -> None:
    secret = SAMPLES[sample]
    properties = {"metadata": {"annotations": {secret: secret}}}

    found = repr(violations(plaintext_secrets, made(CONFIG_MAP, properties)))

    assert MASK in found
    assert all(line not in found for line in secret.splitlines() if len(line) > 8)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_masked_text_keeps_what_is_around_the_secret(sample: str) -> None:
    masked = mask(f"before {SAMPLES[sample].strip()} after, {SAMPLES[sample].strip()}")

    assert masked.startswith("before")
    assert " after, " in masked
    assert shape_of(masked) is None


@pytest.mark.parametrize("harmless", HARMLESS)
def test_a_text_without_secrets_is_not_masked(harmless: str) -> None:
    assert mask(HARMLESS[harmless]) == HARMLESS[harmless]


@pytest.mark.parametrize(
    ("type_", "properties", "where"),
    [
        (DEPLOYMENT, env("DB_PASSWORD", "hunter2"), ENV),
        (DEPLOYMENT, env("GITHUB_TOKEN", "abcdef"), ENV),
        (DEPLOYMENT, env("signing-key", "abcdef"), ENV),
        (CONFIG_MAP, {"data": {"db.password": "hunter2"}}, "data['db.password']"),
        (CONFIG_MAP, {"data": {"apiKey": "abcdef"}}, "data.apiKey"),
        (
            CONFIG_MAP,
            {"metadata": {"annotations": {"example.com/token": "abcdef"}}},
            "metadata.annotations['example.com/token']",
        ),
        (INSTANCE, {"metadata": {"db-password": "hunter2"}}, "metadata.db-password"),
        (CONFIG_MAP, {"metadata": {"labels": {"token": "abcdef"}}}, "metadata.labels.token"),
        (RELEASE, {"values": {"auth": {"adminPassword": "hunter2"}}}, "values.auth.adminPassword"),
        ("gcp:sql/user:User", {"password": "hunter2"}, "password"),
        (
            "gcp:cloudfunctionsv2/function:Function",
            {"serviceConfig": {"environmentVariables": {"API_TOKEN": "abcdef"}}},
            "serviceConfig.environmentVariables.API_TOKEN",
        ),
        (
            "gcp:cloudrunv2/service:Service",
            {"template": {"containers": [{"envs": [{"name": "SECRET", "value": "abc"}]}]}},
            "template.containers[0].envs[0].value",
        ),
    ],
)
def test_a_secret_is_known_by_the_name_of_what_holds_it(
    type_: str, properties: dict, where: str
) -> None:
    (found,) = violations(plaintext_secrets, made(type_, properties))

    assert found.where == where
    assert "says that it is a secret" in found.what
    assert "hunter2" not in found.what


@pytest.mark.parametrize(
    "value",
    [
        "",
        "true",
        "0",
        "/var/run/secrets/db/password",
        "projects/acme/secrets/db/versions/1",
        "https://issuer.example.com/token",
        "$(PASSWORD)",
        "${PASSWORD}",
        "Bearer {{ .Token }}",
        "<set by CI>",
        "ENC[AES256_GCM,data:dGVzdA==,iv:dGVzdA==,tag:dGVzdA==,type:str]",
        SecretText("hunter2"),
    ],
)
def test_a_name_of_a_secret_over_something_else_holds(value: str) -> None:
    assert places(plaintext_secrets, DEPLOYMENT, env("DB_PASSWORD", value)) == []


@pytest.mark.parametrize(
    "properties",
    [
        {"spec": {"volumes": [{"name": "tls", "secret": {"secretName": "shop-tls"}}]}},
        {"spec": {"servers": [{"tls": {"credentialName": "shop-tls"}}]}},
        {"spec": {"data": [{"secretKey": "password", "remoteRef": {"key": "db"}}]}},
        {"spec": {"encryptedData": {"password": "AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq"}}},
        {"spec": {"taints": [{"key": "dedicated", "value": "gpu"}]}},
        {"spec": {"auth": {"token": "grafana-token", "secret": "grafana"}}},
        {"spec": {"privateKey": {"algorithm": "ECDSA"}, "passwordPolicy": "strict"}},
        {"keyRing": "projects/acme/locations/eu/keyRings/mesh", "tokenFormat": "JWT"},
    ],
)
def test_names_and_references_of_secrets_hold(properties: dict) -> None:
    assert findings(plaintext_secrets, made("kubernetes:x.io/v1:X", properties)) == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_the_engine_keeps_secret_is_no_plain_text(sample: str) -> None:
    properties = {"data": {"notes": SecretText(SAMPLES[sample])}}

    assert findings(plaintext_secrets, made(CONFIG_MAP, properties)) == []


def test_a_kubernetes_secret_holds_secrets_and_certificates() -> None:
    kept = {"password": SecretText("hunter2"), "tls.crt": pem("CERTIFICATE")}
    data = {"password": SecretText("aHVudGVyMg=="), "ca.crt": encoded(pem("CERTIFICATE"))}
    plain = {"metadata": {"name": "db"}, "stringData": kept | {"user": "shop"}, "data": {"a": "Yg"}}

    public = {"a.pub": pem("PUBLIC KEY"), "b.pub": encoded(pem("PUBLIC KEY"))}

    assert findings(plaintext_secrets, made(SECRET, {"stringData": kept, "data": data})) == []
    assert findings(plaintext_secrets, made(SECRET, {"stringData": public})) == []
    assert places(plaintext_secrets, SECRET, plain) == ["data.a", "stringData.user"]
    assert places(plaintext_secrets, f"{SECRET}Patch", plain) == ["data.a", "stringData.user"]
    key_once = {"stringData": {"password": "hunter2"}}
    assert places(plaintext_secrets, SECRET, key_once) == ["stringData.password"], "said once"


@pytest.mark.parametrize(
    ("type_", "properties", "where"),
    [
        (DEPLOYMENT, env("DB_PASSWORD", UNKNOWN), ENV),
        (CONFIG_MAP, {"data": {"token": UNKNOWN}}, "data.token"),
        (SECRET, {"stringData": UNKNOWN}, "stringData"),
        (SECRET, {"data": {"user": UNKNOWN}}, "data.user"),
    ],
)
def test_what_holds_a_secret_and_is_not_known_yet_is_said(
    type_: str, properties: dict, where: str
) -> None:
    assert not_known(plaintext_secrets, type_, properties) == [where]
    assert places(plaintext_secrets, type_, properties) == []


def test_what_is_not_known_and_holds_no_secret_is_not_worth_a_word() -> None:
    properties = {"metadata": {"name": UNKNOWN}, "data": {"region": UNKNOWN, "token": "abcdef"}}

    assert not_known(plaintext_secrets, CONFIG_MAP, properties) == []
    assert places(plaintext_secrets, CONFIG_MAP, properties) == ["data.token"]
