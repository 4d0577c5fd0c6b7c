"""Certificate Authority Service as google-api-python-client sees it."""

from typing import Any

import pytest
from cryptography import x509
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients

REGION = "europe-west4"
CONFIG = {
    "subjectConfig": {"subject": {"organization": "Example", "commonName": "mesh"}},
    "x509Config": {
        "caOptions": {"isCa": True},
        "keyUsage": {"baseKeyUsage": {"certSign": True, "crlSign": True}},
    },
}
SELF_SIGNED = {
    "type": "SELF_SIGNED",
    "lifetime": "31536000s",
    "keySpec": {"algorithm": "EC_P256_SHA256"},
    "config": CONFIG,
}


@pytest.fixture
def places(google: GoogleClients) -> Any:
    """The privateca v1 client's locations."""
    return google("privateca", "v1").projects().locations()


@pytest.fixture
def home(project: str) -> str:
    """A location of the test's own project."""
    return f"projects/{project}/locations/{REGION}"


@pytest.fixture
def pool(places: Any, home: str) -> str:
    """A pool of the tier DevOps."""
    request = places.caPools().create(parent=home, caPoolId="mesh", body={"tier": "DEVOPS"})
    return done(places, request.execute())["name"]


def done(places: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """Wait for a long-running operation; returns its response."""
    while not operation.get("done"):
        operation = places.operations().get(name=operation["name"]).execute()
    assert "error" not in operation, operation
    return operation["response"]


def make_authority(places: Any, pool: str, name: str, **fields: Any) -> str:
    """An authority of a pool, as it comes."""
    authorities = places.caPools().certificateAuthorities()
    body = SELF_SIGNED | fields
    request = authorities.create(parent=pool, certificateAuthorityId=name, body=body)
    return done(places, request.execute())["name"]


def test_an_authority_issues_once_it_is_enabled_and_goes_once_it_is_not(
    places: Any, pool: str
) -> None:
    """STAGED, ENABLED, DISABLED; a pool with an authority stays."""
    authorities, certificates = (
        places.caPools().certificateAuthorities(),
        places.caPools().certificates(),
    )
    name = make_authority(places, pool, "root")
    assert authorities.get(name=name).execute()["state"] == "STAGED"
    body = {"lifetime": "86400s", "pemCsr": "a request"}
    early = certificates.create(parent=pool, certificateId="early", body=body)
    with pytest.raises(HttpError, match="no CertificateAuthority in state ENABLED"):
        early.execute()

    done(places, authorities.enable(name=name, body={}).execute())

    made = certificates.create(parent=pool, certificateId="one", body=body).execute()
    assert made["issuerCertificateAuthority"] == name
    x509.load_pem_x509_certificate(made["pemCertificate"].encode())
    revoke = {"name": made["name"], "body": {"reason": "SUPERSEDED"}}
    revoked = certificates.revoke(**revoke).execute()
    assert revoked["revocationDetails"]["revocationState"] == "SUPERSEDED"
    with pytest.raises(HttpError, match="is already revoked"):
        certificates.revoke(**revoke).execute()
    with pytest.raises(HttpError, match="disable it first"):
        authorities.delete(name=name).execute()
    with pytest.raises(HttpError, match="is being used by"):
        places.caPools().delete(name=pool).execute()
    done(places, authorities.disable(name=name, body={}).execute())
    assert done(places, authorities.delete(name=name).execute())["state"] == "DELETED"
    done(places, authorities.undelete(name=name, body={}).execute())
    done(places, authorities.delete(name=name, skipGracePeriod=True).execute())
    done(places, places.caPools().delete(name=pool).execute())
    assert places.caPools().list(parent=pool.rpartition("/caPools/")[0]).execute() == {}


def test_a_subordinate_authority_is_activated_with_its_issuers_signature(
    places: Any, pool: str
) -> None:
    """It asks by a real request, and cannot be enabled before it has its certificate."""
    authorities = places.caPools().certificateAuthorities()
    root = make_authority(places, pool, "root")
    done(places, authorities.enable(name=root, body={}).execute())
    name = make_authority(places, pool, "sub", type="SUBORDINATE")
    with pytest.raises(HttpError, match="AWAITING_USER_ACTIVATION"):
        authorities.enable(name=name, body={}).execute()
    request = authorities.fetch(name=name).execute()["pemCsr"]
    assert x509.load_pem_x509_csr(request.encode()).is_signature_valid
    body = {"lifetime": "86400s", "pemCsr": request}
    signed = (
        places.caPools()
        .certificates()
        .create(parent=pool, certificateId="sub", issuingCertificateAuthorityId="root", body=body)
        .execute()
    )
    with pytest.raises(HttpError, match="must be set"):
        authorities.activate(name=name, body={}).execute()

    chain = {"pemIssuerChain": {"pemCertificates": signed["pemCertificateChain"]}}
    answer = {"pemCaCertificate": signed["pemCertificate"], "subordinateConfig": chain}
    done(places, authorities.activate(name=name, body=answer).execute())

    assert done(places, authorities.enable(name=name, body={}).execute())["state"] == "ENABLED"
    assert len(authorities.get(name=name).execute()["pemCaCertificates"]) == 2


def test_wrong_pools_authorities_and_issuers_are_refused(places: Any, home: str, pool: str) -> None:
    """Tiers, unknown fields, absent pools and absent issuers."""
    pools, authorities = places.caPools(), places.caPools().certificateAuthorities()
    wrong = pools.create(parent=home, caPoolId="x", body={"tier": "DEVELOPMENT"})
    with pytest.raises(HttpError, match="Invalid value"):
        wrong.execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        pools.create(parent=home, caPoolId="x", body={"tier": "DEVOPS", "crl": True}).execute()
    body = {"tier": "DEVOPS", "publishingOptions": {"publishCrl": True}}
    with pytest.raises(HttpError, match="publish_crl"):
        pools.create(parent=home, caPoolId="x", body=body).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        pools.patch(name=pool, updateMask="labels", body={"label": {}}).execute()
    absent = pool.replace("/mesh", "/absent")
    with pytest.raises(HttpError, match="was not found"):
        make_authority(places, absent, "root")
    with pytest.raises(HttpError, match="is_ca must be true"):
        make_authority(places, pool, "root", config={"x509Config": {}})
    issuer = {"certificateAuthority": f"{absent}/certificateAuthorities/root"}
    with pytest.raises(HttpError, match="set when it is activated"):
        make_authority(places, pool, "sub", type="SUBORDINATE", subordinateConfig=issuer)
    assert authorities.list(parent=pool).execute() == {}


def test_pools_and_templates_have_policies_of_their_own(places: Any, home: str, pool: str) -> None:
    """A fleet's workloads, all of them, may be named as a group."""
    templates = places.certificateTemplates()
    body = {"predefinedValues": {"caOptions": {"isCa": False}}}
    request = templates.create(parent=home, certificateTemplateId="mesh", body=body)
    template = done(places, request.execute())["name"]
    group = "group:meshwright-dev.svc.id.goog:/allAuthenticatedUsers/"
    for what, name, role in (
        (places.caPools(), pool, "roles/privateca.workloadCertificateRequester"),
        (templates, template, "roles/privateca.templateUser"),
    ):
        policy = what.getIamPolicy(resource=name).execute()
        policy["bindings"] = [{"role": role, "members": [group]}]
        what.setIamPolicy(resource=name, body={"policy": policy}).execute()
        assert what.getIamPolicy(resource=name).execute()["bindings"][0]["members"] == [group]
        with pytest.raises(HttpError, match="Cannot find field"):
            what.setIamPolicy(resource=name, body={"bindings": []}).execute()
    nobody = "serviceAccount:nobody@meshwright-dev.iam.gserviceaccount.com"
    bindings = [{"role": "roles/privateca.auditor", "members": [nobody]}]
    grant = places.caPools().setIamPolicy(resource=pool, body={"policy": {"bindings": bindings}})
    with pytest.raises(HttpError, match="does not exist"):
        grant.execute()
    labels = {"labels": {"team": "mesh"}}
    for what, name in ((places.caPools(), pool), (templates, template)):
        changed = what.patch(name=name, updateMask="labels", body=labels).execute()
        assert done(places, changed)["labels"] == labels["labels"]
        assert what.get(name=name).execute()["labels"] == labels["labels"]
    with pytest.raises(HttpError, match="Cannot find field"):
        templates.patch(name=template, updateMask="labels", body={"label": {}}).execute()
    done(places, templates.delete(name=template).execute())
    with pytest.raises(HttpError, match="was not found"):
        templates.get(name=template).execute()
