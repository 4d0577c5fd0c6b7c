"""MeshCertificateAuthority: who signs workloads' certificates, and what may stand in them."""

import pulumi
import pytest

from meshwright import (
    ArgumentError,
    MeshCertificateAuthority,
    MeshCertificateAuthorityArgs,
)
from tests.unit.recording import component_test, record

_ROOT = "projects/root/locations/europe-west1/caPools/root/certificateAuthorities/root"


def _args(**more: object) -> MeshCertificateAuthorityArgs:
    base = {
        "project": "p",
        "location": "europe-west1",
        "workload_pool": "fleet.svc.id.goog",
        "organization": "Example",
    }
    return {**base, **more}  # type: ignore[typeddict-item]


@component_test
def test_workloads_get_certificates_for_their_own_identity_alone():
    """Client and server, a day, never an authority, and only names of the fleet's pool."""
    recorder = record()

    authority = MeshCertificateAuthority("mesh", _args(prefix="acme"))

    def check(options):
        assert options == "CA=PRIVATECA;CAAddr=mesh-pool-id"
        pool = recorder.one("CaPool").inputs
        assert (pool["name"], pool["tier"]) == ("acme-mesh", "DEVOPS")
        policy = pool["issuancePolicy"]
        assert policy["maximumLifetime"] == "86400s"
        expression = policy["identityConstraints"]["celExpression"]["expression"]
        assert 'startsWith("spiffe://fleet.svc.id.goog/ns/")' in expression
        values = policy["baselineValues"]
        assert values["caOptions"] == {"nonCa": True}
        assert values["keyUsage"]["extendedKeyUsage"] == {"serverAuth": True, "clientAuth": True}

    return authority.asm_options, check


@component_test
def test_the_pool_is_named_once_it_issues_and_workloads_may_ask():
    """Whoever takes the option waits for the authority and for the roles."""
    recorder = record()
    authority = MeshCertificateAuthority("mesh", _args())

    consumer = pulumi.CustomResource("test:index:Mesh", "m", {"options": authority.asm_options})

    def check(_):
        waits = recorder.one("Mesh").depends_on
        assert {"mesh-authority", "mesh-requester", "mesh-auditor"} <= waits
        roles = {item.inputs["role"] for item in recorder.of_type("CaPoolIamMember")}
        assert roles == {"roles/privateca.workloadCertificateRequester", "roles/privateca.auditor"}
        members = {item.inputs["member"] for item in recorder.of_type("CaPoolIamMember")}
        assert members == {"group:fleet.svc.id.goog:/allAuthenticatedUsers/"}

    return consumer.urn, check


@component_test
def test_a_template_takes_the_place_of_the_pools_values():
    """The pool then serves others as well, and the option names both."""
    recorder = record()

    authority = MeshCertificateAuthority("mesh", _args(template=True))

    def check(options):
        assert options == "CA=PRIVATECA;CAAddr=mesh-pool-id:mesh-template-id"
        values = recorder.one("CaPool").inputs["issuancePolicy"]["baselineValues"]
        assert values["caOptions"] == values["keyUsage"]["extendedKeyUsage"] == {}
        template = recorder.one("CertificateTemplate").inputs
        assert template["predefinedValues"]["caOptions"] == {"isCa": False}
        grant = recorder.one("CertificateTemplateIamMember").inputs
        assert grant["role"] == "roles/privateca.templateUser"

    return authority.asm_options, check


@component_test
def test_an_issuer_makes_it_a_subordinate_authority():
    """An enterprise root signs it, and its key can be one of Cloud KMS."""
    recorder = record()

    authority = MeshCertificateAuthority(
        "mesh", _args(issuer=_ROOT, kms_key_version="k/1", deletion_protection=False)
    )

    def check(_):
        made = recorder.one("Authority").inputs
        assert made["type"] == "SUBORDINATE"
        assert made["subordinateConfig"] == {"certificateAuthority": _ROOT}
        assert made["keySpec"] == {"cloudKmsKeyVersion": "k/1"}
        assert made["deletionProtection"] is False

    return authority.pool, check


@component_test
def test_without_an_issuer_it_signs_itself_and_is_protected():
    """The default is an authority that Pulumi does not delete by accident."""
    recorder = record()

    authority = MeshCertificateAuthority("mesh", _args(lifetime_days=365))

    def check(_):
        made = recorder.one("Authority").inputs
        assert (made["type"], made["lifetime"]) == ("SELF_SIGNED", "31536000s")
        assert made["deletionProtection"] is True
        assert made["config"]["x509Config"]["caOptions"] == {"isCa": True}

    return authority.pool, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"key_algorithm": "EC_P256"}, "key_algorithm", "did you mean 'EC_P256_SHA256'"),
        (
            {"key_algorithm": "EC_P256_SHA256", "kms_key_version": "k/1"},
            "key_algorithm",
            "leave it out",
        ),
        ({"issuer": "root"}, "issuer", "certificateAuthorities/CA"),
        ({"lifetime_days": 0}, "lifetime_days", "1 to 36500"),
        ({"workload_lifetime_hours": 1}, "workload_lifetime_hours", "24 to 720"),
        ({"organization": " "}, "organization", "is empty"),
        ({"prefix": "Acme"}, "name", "lower-case"),
    ],
)
def test_authorities_that_cannot_work_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshCertificateAuthority("mesh", _args(**change))

    assert says in dict(raised.value.problems)[path]
