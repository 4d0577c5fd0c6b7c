"""Certificate Authority Service: pools, authorities and their states, templates.

https://cloud.google.com/certificate-authority-service/docs/certificate-authority-states
Certificates are real ones, signed by the sandbox's own keys; requests are taken at their word.
"""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, precondition
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.runtime.certificates import CertificateAuthority
from meshwright_sandbox.services import locations
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]
_POOLS = "projects.locations.caPools"
_AUTHORITIES = f"{_POOLS}.certificateAuthorities"
_CERTIFICATES = f"{_POOLS}.certificates"
_TEMPLATES = "projects.locations.certificateTemplates"
_ID = r"[a-zA-Z0-9_-]{1,63}"
_TIERS = ("ENTERPRISE", "DEVOPS")


def _known_place(call: Call) -> None:
    if "/locations/" in call.name and call.location not in REGIONS:
        raise ApiError(404, f"Location {call.location} is not found or access is unauthorized.")


def _pool(_: Call, pool: Json) -> None:
    if pool.get("tier") not in _TIERS:
        raise invalid("CaPool.tier must be set to ENTERPRISE or DEVOPS.")


def _check_pool(_: Call, pool: Json) -> None:
    publishes = pool.get("publishingOptions", {}).get("publishCrl")
    if publishes and pool["tier"] == "DEVOPS":
        raise invalid("CaPool.publishing_options.publish_crl is not supported in the DEVOPS tier.")


def _authority(call: Call, authority: Json) -> None:
    """A new authority waits: to be enabled, or to be activated with a certificate."""
    if not authority.get("config", {}).get("x509Config", {}).get("caOptions", {}).get("isCa"):
        raise invalid("CertificateAuthority.config.x509_config.ca_options.is_ca must be true.")
    if not authority.get("lifetime") or "keySpec" not in authority:
        raise invalid("CertificateAuthority.lifetime and key_spec must be set.")
    if "subordinateConfig" in authority:
        raise invalid("CertificateAuthority.subordinate_config is set when it is activated.")
    authority["tier"] = call.get(call.name.partition("/certificateAuthorities/")[0])["tier"]
    if authority.get("type") == "SELF_SIGNED":
        authority["state"] = "STAGED"
        authority["pemCaCertificates"] = [CertificateAuthority.generate().certificate]
    elif authority.get("type") == "SUBORDINATE":
        authority["state"] = "AWAITING_USER_ACTIVATION"
    else:
        raise invalid("CertificateAuthority.type must be SELF_SIGNED or SUBORDINATE.")


def _move(call: Call, state: str, *allowed: str, **fields: Any) -> Json:
    """Bring an authority into another state, by an operation."""
    authority = call.get()
    if authority["state"] not in allowed:
        raise precondition(
            f"CertificateAuthority {call.name} is in state {authority['state']}, and must be in "
            f"{' or '.join(allowed)}."
        )
    call.put(call.name, authority | {"state": state} | fields)
    return call.start("update", before=authority)


def _enable(call: Call) -> Json:
    return _move(call, "ENABLED", "STAGED", "DISABLED")


def _disable(call: Call) -> Json:
    return _move(call, "DISABLED", "STAGED", "ENABLED")


def _activate(call: Call) -> Json:
    own: str = call.body.get("pemCaCertificate", "")
    config: Json = call.body.get("subordinateConfig", {})
    chain = config.get("pemIssuerChain", {}).get("pemCertificates")
    if not own or not chain:
        raise invalid("pem_ca_certificate and subordinate_config.pem_issuer_chain must be set.")
    signed = {"pemCaCertificates": [own, *chain], "subordinateConfig": config}
    return _move(call, "STAGED", "AWAITING_USER_ACTIVATION", **signed)


def _fetch(call: Call) -> Json:
    """The request that the issuer of a subordinate authority is to sign."""
    authority = call.get()
    if authority["state"] != "AWAITING_USER_ACTIVATION":
        raise precondition(f"CertificateAuthority {call.name} does not await its activation.")
    subject = authority["config"].get("subjectConfig", {}).get("subject", {})
    attribute = x509.NameAttribute(NameOID.COMMON_NAME, subject.get("commonName", "subordinate"))
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([attribute]))
    signed = request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return {"pemCsr": signed.public_bytes(serialization.Encoding.PEM).decode()}


def _issue(call: Call) -> Json:
    """A pool issues while one of its authorities is enabled."""
    pool = call.name.removesuffix("/certificates")
    wanted = call.query.get("issuingCertificateAuthorityId")
    rows = [
        row
        for row in call.cloud.store.of_type("privateca", _AUTHORITIES)
        if row.name.startswith(f"{pool}/certificateAuthorities/")
        and row.doc["state"] == "ENABLED"
        and wanted in (None, row.name.rpartition("/")[2])
    ]
    if not rows:
        raise precondition(f"CaPool {pool} has no CertificateAuthority in state ENABLED to issue.")
    shown = generic.create(call)
    document = call.get()
    issuer = rows[0].doc
    document |= {
        "issuerCertificateAuthority": rows[0].name,
        "pemCertificate": CertificateAuthority.generate().certificate,
        "pemCertificateChain": issuer["pemCaCertificates"],
    }
    call.put(call.name, document)
    # What was issued is revoked or runs out; nobody can delete it.
    call.cloud.store.set_system("privateca", call.name, system=True)
    return shown | document


def _revoke(call: Call) -> Json:
    certificate = call.get()
    if "revocationDetails" in certificate:
        raise precondition(f"Certificate {call.name} is already revoked.")
    reason = call.body.get("reason", "REVOCATION_REASON_UNSPECIFIED")
    revoked = {"revocationDetails": {"revocationState": reason, "revocationTime": now()}}
    call.put(call.name, certificate | revoked)
    return call.shown(call.type, call.get())


def _delete(call: Call) -> Json:
    """An authority is disabled first, and kept for thirty days unless told otherwise."""
    authority = call.get()
    if authority["state"] not in ("DISABLED", "STAGED", "AWAITING_USER_ACTIVATION"):
        raise precondition(
            f"CertificateAuthority {call.name} is in state {authority['state']}; disable it first."
        )
    if call.query.get("skipGracePeriod") == "true":
        return generic.delete(call)
    return _move(call, "DELETED", authority["state"])


def _undelete(call: Call) -> Json:
    return _move(call, "DISABLED", "DELETED")


def _authorities_of(call: Call, name: str) -> list[str]:
    rows = call.cloud.store.of_type("privateca", _AUTHORITIES)
    return [row.name for row in rows if row.name.startswith(f"{name}/")]


def _drop_issued(work: Work) -> None:
    """`Collection.delete_work` of pools: what a pool issued goes with it."""
    for row in work.cloud.store.of_type("privateca", _CERTIFICATES):
        if row.name.startswith(f"{work.name}/"):
            work.cloud.store.delete("privateca", row.name)


SERVICE = Service(
    name="privateca",
    versions={"v1": "privateca.v1"},
    proto="google.cloud.security.privateca",
    must_be_enabled=True,
    before=_known_place,
    not_found="Resource '{}' was not found".format,
    already_exists="Resource '{}' already exists".format,
    collections=(
        Collection(
            _POOLS,
            id_from="query:caPoolId",
            id_pattern=_ID,
            defaults=_pool,
            check=_check_pool,
            immutable=("tier",),
            blockers=_authorities_of,
            delete_work=_drop_issued,
        ),
        Collection(
            _AUTHORITIES,
            id_from="query:certificateAuthorityId",
            id_pattern=_ID,
            defaults=_authority,
            immutable=("type", "config", "keySpec", "lifetime"),
            output_only=("state", "tier", "pemCaCertificates"),
            delete_answers=True,
        ),
        Collection(_CERTIFICATES, id_from="query:certificateId", id_pattern=_ID),
        Collection(_TEMPLATES, id_from="query:certificateTemplateId", id_pattern=_ID),
    ),
    methods=locations.methods()
    | {
        f"{_AUTHORITIES}.activate": _activate,
        f"{_AUTHORITIES}.delete": _delete,
        f"{_AUTHORITIES}.disable": _disable,
        f"{_AUTHORITIES}.enable": _enable,
        f"{_AUTHORITIES}.fetch": _fetch,
        f"{_AUTHORITIES}.undelete": _undelete,
        f"{_CERTIFICATES}.create": _issue,
        f"{_CERTIFICATES}.revoke": _revoke,
    },
)
