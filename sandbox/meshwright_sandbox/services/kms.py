"""Cloud KMS: key rings, keys and their versions; nothing is ever encrypted."""

import copy
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, precondition
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services import locations
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]
_RINGS = "projects.locations.keyRings"
_KEYS = f"{_RINGS}.cryptoKeys"
_VERSIONS = f"{_KEYS}.cryptoKeyVersions"
_ID = r"[a-zA-Z0-9_-]{1,63}"
_MULTI_REGIONS = ("global", "us", "europe", "asia", "eur4", "nam4")
_DAY = 24 * 60 * 60
_SYMMETRIC = "ENCRYPT_DECRYPT"
_GONE = ("DESTROY_SCHEDULED", "DESTROYED")


def _known_place(call: Call) -> None:
    place = call.location
    if "/locations/" in call.name and place not in _MULTI_REGIONS and place not in REGIONS:
        raise ApiError(404, f"The request concerns location '{place}' but no such location exists.")


def _key(call: Call, key: Json) -> None:
    if key.get("purpose", "CRYPTO_KEY_PURPOSE_UNSPECIFIED").endswith("UNSPECIFIED"):
        raise invalid("The purpose of a CryptoKey must be set.")
    template = key.setdefault("versionTemplate", {})
    template.setdefault("protectionLevel", "SOFTWARE")
    if key["purpose"] == _SYMMETRIC:
        template.setdefault("algorithm", "GOOGLE_SYMMETRIC_ENCRYPTION")
    elif "algorithm" not in template:
        raise invalid("version_template.algorithm must be set for this purpose.")
    key.setdefault("destroyScheduledDuration", f"{30 * _DAY}s")


def _check_key(_: Call, key: Json) -> None:
    period, following = key.get("rotationPeriod"), key.get("nextRotationTime")
    if (period or following) and key["purpose"] != _SYMMETRIC:
        raise invalid("Only keys with the purpose ENCRYPT_DECRYPT can be rotated automatically.")
    if period and not following:
        raise invalid("next_rotation_time must be set when rotation_period is set.")
    if period and float(period.removesuffix("s")) < _DAY:
        raise invalid("The rotation_period must be at least 86400s.")


def _create_key(call: Call) -> Json:
    """A new key has a first version, which is its primary one."""
    skip = call.query.get("skipInitialVersionCreation") == "true"
    shown = generic.create(call)
    if skip:
        return shown
    key = call.get()
    version = _new_version(call, key, 1)
    if key["purpose"] == _SYMMETRIC:
        key["primary"] = version
        call.put(call.name, key)
    return call.shown(call.type, key)


def _new_version(call: Call, key: Json, number: int) -> Json:
    stamp = now()
    version = {
        "name": f"{key['name']}/cryptoKeyVersions/{number}",
        "state": "ENABLED",
        "createTime": stamp,
        "generateTime": stamp,
        **key["versionTemplate"],
    }
    # Versions come and go with their key, so they are nobody's resources of their own.
    put = {"project": call.project, "system": True}
    call.cloud.store.put("cloudkms", version["name"], version, type_=_VERSIONS, **put)
    return version


def _create_version(call: Call) -> Json:
    key = call.get(call.name.removesuffix("/cryptoKeyVersions"))
    numbers = [int(row.name.rpartition("/")[2]) for row in _versions(call, key["name"])]
    return _new_version(call, key, max(numbers, default=0) + 1)


def _versions(call: Call, key: str) -> list[Any]:
    pattern = re.compile(rf"{re.escape(key)}/cryptoKeyVersions/\d+")
    rows = call.cloud.store.of_type("cloudkms", _VERSIONS)
    return [row for row in rows if pattern.fullmatch(row.name)]


def _set_state(call: Call, state: str, **fields: Any) -> Json:
    version = {**call.get(), "state": state, **fields}
    version = {field: value for field, value in version.items() if value is not None}
    call.put(call.name, version)
    _follow(call, version)
    return call.shown(call.type, version)


def _follow(call: Call, version: Json) -> None:
    """What a version's state means for its key.

    A key can never be deleted by what a program declares; once all its versions are about to be
    destroyed it is nobody's resource any more, although its name stays taken.
    """
    name = version["name"].partition("/cryptoKeyVersions/")[0]
    key = call.get(name)
    if key.get("primary", {}).get("name") == version["name"]:
        key["primary"] = copy.deepcopy(version)
    over = all(row.doc["state"] in _GONE for row in _versions(call, name))
    call.put(name, key, type_=_KEYS)
    call.cloud.store.set_system("cloudkms", name, over)


def _destroy(call: Call) -> Json:
    version = call.get()
    if version["state"] in _GONE:
        raise precondition(f"{call.name} is not enabled, current state is: {version['state']}.")
    key = call.get(call.name.partition("/cryptoKeyVersions/")[0])
    wait = timedelta(seconds=float(key["destroyScheduledDuration"].removesuffix("s")))
    when = (datetime.now(UTC) + wait).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return _set_state(call, "DESTROY_SCHEDULED", destroyTime=when)


def _delete_version(call: Call) -> Json:
    state = call.get()["state"]
    if state != "DESTROYED":
        raise precondition(f"{call.name} cannot be deleted: its state is {state}, not DESTROYED.")
    return generic.delete(call)


def _restore(call: Call) -> Json:
    if call.get()["state"] != "DESTROY_SCHEDULED":
        raise precondition(f"{call.name} is not scheduled for destruction.")
    return _set_state(call, "DISABLED", destroyTime=None)


def _patch_version(call: Call) -> Json:
    state = call.body.get("state")
    if call.query.get("updateMask") != "state" or state not in ("ENABLED", "DISABLED"):
        raise invalid("Only the state of a CryptoKeyVersion can be updated.")
    if call.get()["state"] in _GONE:
        raise precondition(f"{call.name} is scheduled for destruction; restore it first.")
    return _set_state(call, state)


def _set_primary(call: Call) -> Json:
    key = call.get()
    number = call.body.get("cryptoKeyVersionId", "")
    key["primary"] = call.get(f"{call.name}/cryptoKeyVersions/{number}")
    call.put(call.name, key)
    return call.shown(call.type, key)


SERVICE = Service(
    name="cloudkms",
    versions={"v1": "cloudkms.v1"},
    proto="google.cloud.kms",
    operations="none",
    must_be_enabled=True,
    before=_known_place,
    not_found="{} not found.".format,
    already_exists="{} already exists.".format,
    collections=(
        # No provider deletes key rings: they are not what a program leaves behind.
        Collection(
            _RINGS, id_from="query:keyRingId", id_pattern=_ID, has_children=True, system=True
        ),
        Collection(
            _KEYS,
            id_from="query:cryptoKeyId",
            id_pattern=_ID,
            output_only=("primary",),
            defaults=_key,
            check=_check_key,
            has_children=True,
        ),
        Collection(_VERSIONS, system=True),
    ),
    methods=locations.methods(*_MULTI_REGIONS)
    | {
        f"{_KEYS}.create": _create_key,
        f"{_KEYS}.updatePrimaryVersion": _set_primary,
        f"{_VERSIONS}.create": _create_version,
        f"{_VERSIONS}.delete": _delete_version,
        f"{_VERSIONS}.destroy": _destroy,
        f"{_VERSIONS}.patch": _patch_version,
        f"{_VERSIONS}.restore": _restore,
    },
)
