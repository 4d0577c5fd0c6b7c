"""Certificate Manager: certificates that Google renews, and the maps that load balancers name.

https://cloud.google.com/certificate-manager/docs/certificates
A certificate is ACTIVE at once, as if its DNS records stood already.
"""

import hashlib
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.service import Collection, Reference, Service
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services import locations

Json = dict[str, Any]
_API = "certificatemanager"
_CERTIFICATES = "projects.locations.certificates"
_MAPS = "projects.locations.certificateMaps"
_ENTRIES = f"{_MAPS}.certificateMapEntries"
_AUTHORIZATIONS = "projects.locations.dnsAuthorizations"
_PLACE = "projects/{project}/locations/{location}"


def _authorization(_: Call, authorization: Json) -> None:
    domain = authorization.get("domain", "")
    if not domain or domain.startswith("*"):
        raise invalid("DnsAuthorization.domain must be a domain name without a wildcard.")
    authorization.setdefault("type", "FIXED_RECORD")
    token = hashlib.sha256(authorization["name"].encode()).hexdigest()[:32]
    authorization["dnsResourceRecord"] = {
        "name": f"_acme-challenge.{domain}.",
        "type": "CNAME",
        "data": f"{token}.0.authorize.certificatemanager.goog.",
    }


def _certificate(call: Call, certificate: Json) -> None:
    managed = certificate.get("managed")
    if not managed and "selfManaged" not in certificate:
        raise invalid("Certificate must have one of managed and self_managed.")
    if managed is None:
        return
    domains: list[str] = managed.get("domains", [])
    if not domains:
        raise invalid("ManagedCertificate.domains must not be empty.")
    authorized = {
        (call.cloud.store.get(_API, name) or {}).get("domain")
        for name in managed.get("dnsAuthorizations", [])
    }
    for domain in domains:
        if domain.startswith("*.") and domain.removeprefix("*.") not in authorized:
            raise invalid(f"Wildcard domain {domain} needs a DNS authorization of its domain.")
    certificate["sanDnsnames"] = domains
    managed["state"] = "ACTIVE"
    managed["authorizationAttemptInfo"] = [
        {"domain": domain, "state": "AUTHORIZED", "attemptTime": now()} for domain in domains
    ]


def _entry(_: Call, entry: Json) -> None:
    if ("hostname" in entry) == ("matcher" in entry):
        raise invalid("CertificateMapEntry must have one of hostname and matcher.")
    if not entry.get("certificates"):
        raise invalid("CertificateMapEntry.certificates must not be empty.")
    entry["state"] = "ACTIVE"


SERVICE = Service(
    name=_API,
    versions={"v1": "certificatemanager.v1"},
    proto="google.cloud.certificatemanager",
    must_be_enabled=True,
    id_pattern=r"[a-zA-Z][a-zA-Z0-9_-]{0,63}",
    not_found="Resource '{}' was not found".format,
    already_exists="Resource '{}' already exists".format,
    collections=(
        Collection(_AUTHORIZATIONS, defaults=_authorization, immutable=("domain", "type")),
        Collection(
            _CERTIFICATES,
            defaults=_certificate,
            references=(
                Reference(
                    "managed.dnsAuthorizations[]",
                    _API,
                    f"{_PLACE}/dnsAuthorizations/{{id}}",
                    status=400,
                ),
            ),
        ),
        Collection(_MAPS, has_children=True),
        Collection(
            _ENTRIES,
            defaults=_entry,
            immutable=("hostname", "matcher"),
            references=(
                Reference("certificates[]", _API, f"{_PLACE}/certificates/{{id}}", status=400),
            ),
        ),
    ),
    methods=locations.methods("global"),
)
