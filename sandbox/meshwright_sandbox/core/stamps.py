"""The fields that the cloud itself writes on resources: ids, links, times, fingerprints, etags."""

import base64
import hashlib
import json
import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from meshwright_sandbox.core.discovery import load
from meshwright_sandbox.core.formats import standard_base64
from meshwright_sandbox.core.service import Service

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Call

Json = dict[str, Any]


def now() -> str:
    """The current time as protobuf's JSON writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def milliseconds() -> str:
    """The current time as BigQuery writes it."""
    return str(time.time_ns() // 1_000_000)


def numeric_id(name: str) -> str:
    """A 64-bit id that stays the same for the same input."""
    return str(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1)


def public(document: Json) -> Json:
    """A copy without the fields that are the emulator's own."""
    return {key: value for key, value in document.items() if not key.startswith("_")}


def self_link(service: Service, version: str, name: str) -> str:
    """URL of a resource at the real API; clients parse it, nobody dials it."""
    document = load(service.versions.get(version) or next(iter(service.versions.values())))
    host = "www" if service.name in ("compute", "storage") else service.name
    base = document.service_path or f"{version}/"
    return f"https://{host}.googleapis.com/{base}{name}"


def fingerprint(document: Json) -> str:
    """Compute's concurrency token: a short hash of the content, in the URL-safe alphabet.

    gcloud decodes it and writes it in that alphabet again.
    """
    content = {k: v for k, v in document.items() if "ingerprint" not in k}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest[:8]).decode()


def label_fingerprint(labels: Json) -> str:
    """Token of a resource's labels."""
    digest = hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest[:8]).decode()


def new_etag() -> str:
    """A concurrency token of a one-platform API."""
    return base64.urlsafe_b64encode(secrets.token_bytes(12)).decode()


def same_token(one: str | None, other: str | None) -> bool:
    """Whether two concurrency tokens are one: they are bytes, which base64 writes in two ways."""
    return standard_base64(one or "") == standard_base64(other or "")


def on_create(call: "Call", name: str, document: Json) -> None:
    """Fill in what the schema of a new resource has and only the cloud may set."""
    properties = call.schema_properties
    short = name.rpartition("/")[2]
    if "name" in properties and call.service.name_field != "none":
        document["name"] = name if call.service.name_field == "full" else short
    if "kind" in properties and "default" in properties["kind"]:
        document["kind"] = properties["kind"]["default"]
    if properties.get("id", {}).get("format") == "uint64":
        document["id"] = numeric_id(name + secrets.token_hex(4))
    if "selfLink" in properties:
        document["selfLink"] = self_link(call.service, call.version, name)
    if "selfLinkWithId" in properties:
        link = document["selfLink"].rpartition("/")[0]
        document["selfLinkWithId"] = f"{link}/{document['id']}"
    if "creationTimestamp" in properties:
        document["creationTimestamp"] = now()
    for field in ("createTime", "updateTime"):
        if field in properties:
            document[field] = now()
    if "uid" in properties:
        document["uid"] = str(uuid.uuid4())
    for scope in ("region", "zone"):
        if scope in properties and f"/{scope}s/" in name:
            head = "/".join(name.split("/")[:4])
            document[scope] = self_link(call.service, call.version, head)
    _tokens(properties, document)


def on_update(call: "Call", document: Json) -> None:
    """Renew what every change renews."""
    properties = call.schema_properties
    if "updateTime" in properties:
        document["updateTime"] = now()
    _tokens(properties, document)


def _tokens(properties: Json, document: Json) -> None:
    if "etag" in properties:
        document["etag"] = new_etag()
    if "labelFingerprint" in properties:
        document["labelFingerprint"] = label_fingerprint(document.get("labels", {}))
    if "fingerprint" in properties:
        document["fingerprint"] = fingerprint(document)
