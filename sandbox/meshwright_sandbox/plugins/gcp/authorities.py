"""Certificate authorities: signed by their issuer, enabled once made, disabled before they go.

See https://cloud.google.com/certificate-authority-service/docs/creating-subordinate-ca.
"""

from __future__ import annotations

import secrets
from typing import Any

from meshwright_sandbox.plugins.gcp import lifecycle, operations
from meshwright_sandbox.plugins.gcp.kinds import dig, put
from meshwright_sandbox.plugins.gcp.work import Work
from meshwright_sandbox.plugins.serving import PluginError

read, update = lifecycle.read, lifecycle.update
# Where a pool says whether what it issues may be an authority.
_OPTIONS = "issuancePolicy.baselineValues.caOptions"
_ISSUE = "projects.locations.caPools.certificates.create"


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Make the authority, have it signed where another one is its issuer, and enable it."""
    identifier, _ = lifecycle.create(work)
    if work.inputs.get("type") == "SUBORDINATE":
        _activate(work, identifier)
    work.run("enable", identifier, {}, work.describe("enabling", identifier))
    outputs = read(work, identifier)
    if outputs is None:
        raise PluginError(f"{identifier} was made and is gone; run `pulumi refresh`")
    return identifier, outputs


def delete(work: Work, identifier: str) -> None:
    """Disable and remove it; how long it can be restored is the program's to say."""
    live = lifecycle.live_answer(work, identifier)
    if live is None:
        return
    if live["state"] == "ENABLED":
        work.run("disable", identifier, {}, work.describe("disabling", identifier))
    settings = {
        "skipGracePeriod": work.inputs.get("skipGracePeriod", False),
        "ignoreActiveCertificates": work.inputs.get("ignoreActiveCertificatesOnDeletion", False),
    }
    work.run("delete", identifier, None, work.describe("deleting", identifier), **settings)


def _activate(work: Work, identifier: str) -> None:
    what = work.describe("activating", identifier)
    request = work.run("fetch", identifier, None, what)
    issuer = work.inputs["subordinateConfig"]["certificateAuthority"]
    pool, _, authority = issuer.partition("/certificateAuthorities/")
    query = {
        "parent": pool,
        "certificateId": f"subordinate-{secrets.token_hex(6)}",
        "issuingCertificateAuthorityId": authority,
    }
    body = {"pemCsr": request["pemCsr"], "lifetime": work.inputs["lifetime"]}
    signed = operations.run(work.cloud, work.kind.api, _ISSUE, query, body, work.deadline, what)
    chain = {"pemIssuerChain": {"pemCertificates": signed["pemCertificateChain"]}}
    answer = {"pemCaCertificate": signed["pemCertificate"], "subordinateConfig": chain}
    work.run("activate", identifier, answer, what)


def leaf_body(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    """The API has one flag, unset, true or false, where Pulumi has two."""
    if dig(inputs, f"{_OPTIONS}.nonCa"):
        put(body, f"{_OPTIONS}.isCa", False)


def leaf_outputs(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    """The opposite of :func:`leaf_body`."""
    if dig(answer, f"{_OPTIONS}.isCa") is False:
        put(outputs, f"{_OPTIONS}.nonCa", True)
        dig(outputs, _OPTIONS).pop("isCa", None)


def unsigned(_: dict[str, Any], body: dict[str, Any]) -> None:
    """Who signs an authority is told when it is activated."""
    body.pop("subordinateConfig", None)
