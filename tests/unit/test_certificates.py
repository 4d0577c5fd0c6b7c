"""CertificateMap: what proves a domain, what is issued for it, and what serves it."""

import pulumi
import pytest

from meshwright import ArgumentError, CertificateMap, CertificateMapArgs
from tests.unit.recording import component_test, record


def _args(**more: object) -> CertificateMapArgs:
    return {"project": "p", "hosts": ["shop.example.com"], **more}  # type: ignore[typeddict-item]


@component_test
def test_every_host_has_a_certificate_that_its_own_entry_serves():
    """The map is named once the entries stand, so that no host is served without one."""
    recorder = record()
    made = CertificateMap("web", _args(prefix="acme", hosts=["shop.example.com", "a.example.com"]))

    consumer = pulumi.CustomResource("test:index:Gateway", "g", {"map": made.certificate_map})

    def check(_):
        assert recorder.one("CertificateMap", "web-map").inputs["name"] == "acme-web"
        entries = {
            item.inputs["hostname"]: item for item in recorder.of_type("CertificateMapEntry")
        }
        assert set(entries) == {"shop.example.com", "a.example.com"}
        entry = entries["shop.example.com"]
        assert entry.inputs["certificates"] == ["web-shop-example-com-certificate-id"]
        assert {item.name for item in entries.values()} <= recorder.one("Gateway").depends_on

    return consumer.urn, check


@component_test
def test_a_wildcard_is_authorized_by_its_domain():
    """Google asks for one record of the domain, which proves the names below it as well."""
    recorder = record()

    made = CertificateMap("web", _args(hosts=["*.example.com", "example.com"]))

    def check(_):
        authorization = recorder.one("DnsAuthorization", "web-example-com-authorization")
        assert authorization.inputs["domain"] == "example.com"
        wildcard = recorder.one("Certificate", "web-any-example-com-certificate")
        certificate = wildcard.inputs["managed"]
        assert certificate["domains"] == ["*.example.com"]
        assert certificate["dnsAuthorizations"] == [f"{authorization.name}-id"]

    return made.certificate_map, check


@component_test
def test_hosts_that_differ_by_a_hyphen_alone_are_told_apart():
    """The one that was there first keeps its names."""
    recorder = record()
    hosts = ["a.b.example.com", "a-b.example.com", "*.example.com", "any.example.com"]

    made = CertificateMap("web", _args(hosts=hosts))

    def check(_):
        for kind in ("Certificate", "CertificateMapEntry", "DnsAuthorization"):
            found = recorder.of_type(kind)
            assert len({item.name for item in found}) == 4
            assert len({item.inputs["name"] for item in found}) == 4
        first = recorder.one("CertificateMapEntry", "web-a-b-example-com-entry")
        assert first.inputs["hostname"] == "a.b.example.com"

    return made.certificate_map, check


@component_test
def test_the_dns_records_to_make_are_said():
    """They go where the domain is hosted, which nobody here knows."""
    record()

    made = CertificateMap("web", _args())

    def check(records):
        assert records["shop.example.com"] == {
            "name": "_acme-challenge.shop.example.com.",
            "type": "CNAME",
            "data": "token.authorize.certificatemanager.goog.",
        }

    return made.dns_records, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"hosts": []}, "hosts", "at least one"),
        ({"hosts": ["*"]}, "hosts[0]", "every host"),
        ({"hosts": ["a.example.com"] * 2}, "hosts", "named twice"),
        ({"hosts": [f"{'a' * 60}.example.com"]}, "name", "1 to 63"),
    ],
)
def test_hosts_that_cannot_be_served_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        CertificateMap("web", _args(**change))

    assert says in dict(raised.value.problems)[path]
