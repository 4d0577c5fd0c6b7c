"""Certificate Manager as google-api-python-client sees it."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients


@pytest.fixture
def places(google: GoogleClients) -> Any:
    """The certificatemanager v1 client's locations."""
    return google("certificatemanager", "v1").projects().locations()


@pytest.fixture
def home(project: str) -> str:
    """`projects/P/locations/global` of the test's own project."""
    return f"projects/{project}/locations/global"


def done(places: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """Wait for a long-running operation; returns its response."""
    while not operation.get("done"):
        operation = places.operations().get(name=operation["name"]).execute()
    assert "error" not in operation, operation
    return operation["response"]


def make_authorization(places: Any, home: str) -> str:
    """A proof of the domain example.com."""
    authorizations = places.dnsAuthorizations()
    body = {"domain": "example.com"}
    request = authorizations.create(parent=home, dnsAuthorizationId="web", body=body)
    return done(places, request.execute())["name"]


def make_certificate(places: Any, home: str, *authorizations: str, domain: str) -> str:
    """A managed certificate."""
    managed = {"domains": [domain], "dnsAuthorizations": list(authorizations)}
    request = places.certificates().create(
        parent=home, certificateId="web", body={"managed": managed}
    )
    return done(places, request.execute())["name"]


def test_a_host_is_authorized_certified_and_mapped(places: Any, home: str) -> None:
    """What is named by another stays until that one is gone."""
    authorizations, certificates = places.dnsAuthorizations(), places.certificates()
    maps = places.certificateMaps()
    entries = maps.certificateMapEntries()
    authorization = make_authorization(places, home)
    record = authorizations.get(name=authorization).execute()["dnsResourceRecord"]
    assert (record["name"], record["type"]) == ("_acme-challenge.example.com.", "CNAME")
    certificate = make_certificate(places, home, authorization, domain="*.example.com")
    assert certificates.get(name=certificate).execute()["managed"]["state"] == "ACTIVE"
    done(places, maps.create(parent=home, certificateMapId="web", body={}).execute())
    the_map = f"{home}/certificateMaps/web"
    body = {"hostname": "*.example.com", "certificates": [certificate]}
    request = entries.create(parent=the_map, certificateMapEntryId="web", body=body)
    entry = done(places, request.execute())["name"]
    assert entries.get(name=entry).execute()["state"] == "ACTIVE"

    labels = {"labels": {"team": "mesh"}}
    for what, name in (
        (authorizations, authorization),
        (certificates, certificate),
        (maps, the_map),
        (entries, entry),
    ):
        changed = what.patch(name=name, updateMask="labels", body=labels).execute()
        assert done(places, changed)["labels"] == labels["labels"]
    assert maps.get(name=the_map).execute()["labels"] == labels["labels"]
    for what, name in (
        (authorizations, authorization), (certificates, certificate), (maps, the_map),
    ):  # fmt: skip
        with pytest.raises(HttpError, match="is being used by"):
            what.delete(name=name).execute()
    for what, name in (
        (entries, entry),
        (maps, the_map),
        (certificates, certificate),
        (authorizations, authorization),
    ):
        done(places, what.delete(name=name).execute())
    assert maps.list(parent=home).execute() == {}


def test_what_cannot_be_proved_or_served_is_refused(places: Any, home: str) -> None:
    """Wildcards without their domain, absent proofs and certificates, unknown fields."""
    authorization = make_authorization(places, home)
    absent = f"{home}/dnsAuthorizations/absent"
    with pytest.raises(HttpError, match="was not found"):
        make_certificate(places, home, absent, domain="example.com")
    with pytest.raises(HttpError, match="needs a DNS authorization"):
        make_certificate(places, home, authorization, domain="*.other.example")
    with pytest.raises(HttpError, match="one of managed and self_managed"):
        places.certificates().create(parent=home, certificateId="x", body={}).execute()
    with pytest.raises(HttpError, match="without a wildcard"):
        places.dnsAuthorizations().create(
            parent=home, dnsAuthorizationId="x", body={"domain": "*.example.com"}
        ).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        places.certificateMaps().create(
            parent=home, certificateMapId="x", body={"hosts": []}
        ).execute()
    done(
        places,
        places.certificateMaps().create(parent=home, certificateMapId="w", body={}).execute(),
    )
    entries = places.certificateMaps().certificateMapEntries()
    for body, text in (
        ({"hostname": "a.example.com"}, "must not be empty"),
        ({"certificates": ["x"]}, "one of hostname and matcher"),
        ({"hostname": "a", "certificates": [f"{home}/certificates/absent"]}, "was not found"),
        ({"host": "a"}, "Cannot find field"),
    ):
        request = entries.create(
            parent=f"{home}/certificateMaps/w", certificateMapEntryId="x", body=body
        )
        with pytest.raises(HttpError, match=text):
            request.execute()
