"""Keys of service accounts. As at Google, who makes one gets its private half once, and nobody
can read it again: of each key only the certificate is kept.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys
"""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from meshwright_sandbox.core import generic, listing
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, precondition
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.store import Row
from meshwright_sandbox.services import key_pairs
from meshwright_sandbox.services.key_pairs import Owner

Json = dict[str, Any]
_KEYS = "projects.serviceAccounts.keys"
_SYSTEM, _USER = "SYSTEM_MANAGED", "USER_MANAGED"
_MOST = 10
_BITS = {"KEY_ALG_RSA_1024": 1024, "KEY_ALG_RSA_2048": 2048}
_ALGORITHM = {bits: name for name, bits in _BITS.items()}
_DEFAULT_ALGORITHM = "KEY_ALG_RSA_2048"
_PKCS12, _CREDENTIALS = "TYPE_PKCS12_FILE", "TYPE_GOOGLE_CREDENTIALS_FILE"
_SYSTEM_DAYS = 730
_BY_USER = "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"


def create(call: Call) -> Json:
    """`keys.create`: the only answer that has the private half.

    Raises:
        ApiError: 404 for an account that is not there, 400 for one that has ten keys.
    """
    generic.require_parent(call)
    owner = _owner(call)
    _require_room(call)
    asked = call.body.get("keyAlgorithm", "KEY_ALG_UNSPECIFIED")
    algorithm = _DEFAULT_ALGORITHM if asked not in _BITS else asked
    pair = key_pairs.generate(owner, _BITS[algorithm])
    key_id = secrets.token_hex(20)
    key = _store(call, key_id, pair.certificate, "GOOGLE_PROVIDED", _USER)
    as_pkcs12 = call.body.get("privateKeyType") == _PKCS12
    content = pair.pkcs12_file() if as_pkcs12 else pair.credentials_file(owner, key_id)
    return key | {
        "privateKeyType": _PKCS12 if as_pkcs12 else _CREDENTIALS,
        "privateKeyData": base64.b64encode(content).decode(),
    }


def upload(call: Call) -> Json:
    """`keys.upload`: the public half of a key that Google never sees."""
    generic.require_parent(call)
    data = call.body.get("publicKeyData")
    if not data:
        raise invalid("Required field 'public_key_data' is missing.")
    certificate = key_pairs.read_certificate(base64.b64decode(data))
    _require_room(call)
    key_id = certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - a name, not a proof
    if call.cloud.store.get("iam", f"{call.name}/{key_id}") is not None:
        raise ApiError(409, "The given public key already exists.")
    return _store(call, key_id, certificate, "USER_PROVIDED", _USER)


def list_(call: Call) -> Json:
    """`keys.list`: those of the types that the call names, or all."""
    generic.require_parent(call)
    wanted = set(call.query.get("keyTypes", "").split(",")) - {""}
    if "KEY_TYPE_UNSPECIFIED" in wanted:
        raise invalid("Invalid key type: KEY_TYPE_UNSPECIFIED.")
    _ensure_system_key(call)
    keys = [row.doc for row in _keys(call) if row.doc["keyType"] in (wanted or {_SYSTEM, _USER})]
    return listing.answer(call, [call.shown(_KEYS, key) for key in keys])


def get(call: Call) -> Json:
    """`keys.get`: with the public half, in the form that the call asks for."""
    key = call.get()
    shown = call.shown(_KEYS, key)
    wanted = call.query.get("publicKeyType", "TYPE_NONE")
    if wanted != "TYPE_NONE":
        shown["publicKeyData"] = key_pairs.public_form(key["_certificate"], wanted)
    return shown


def delete(call: Call) -> Json:
    """`keys.delete`."""
    _users_own(call)
    return generic.delete(call)


def disable(call: Call) -> Json:
    """`keys.disable`: no harm if it is disabled already."""
    call.put(call.name, _users_own(call) | {"disabled": True, "disableReason": _BY_USER})
    return {}


def enable(call: Call) -> Json:
    """`keys.enable`."""
    disabled = ("disabled", "disableReason")
    call.put(call.name, {k: v for k, v in _users_own(call).items() if k not in disabled})
    return {}


def _owner(call: Call) -> Owner:
    account = call.get(call.name.rpartition("/")[0])
    return Owner(call.project, account["email"], account["uniqueId"])


def _keys(call: Call) -> list[Row]:
    return call.cloud.store.children("iam", call.name)


def _require_room(call: Call) -> None:
    if sum(row.doc["keyType"] == _USER for row in _keys(call)) >= _MOST:
        raise precondition("Precondition check failed.")


def _users_own(call: Call) -> Json:
    """The called key, unless it is Google's."""
    key = call.get()
    if key["keyType"] == _SYSTEM:
        raise precondition("Precondition check failed.")
    return key


def _ensure_system_key(call: Call) -> None:
    """Each account has a key with which Google signs for it. It is made once somebody looks,
    since accounts are many and making a key takes long.
    """
    if any(row.doc["keyType"] == _SYSTEM for row in _keys(call)):
        return
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=_SYSTEM_DAYS)
    pair = key_pairs.generate(_owner(call), _BITS[_DEFAULT_ALGORITHM], until)
    _store(call, secrets.token_hex(20), pair.certificate, "GOOGLE_PROVIDED", _SYSTEM)


def _store(
    call: Call, key_id: str, certificate: x509.Certificate, origin: str, managed: str
) -> Json:
    """Keep a key's public half; what the API shows of it."""
    key = {
        "name": f"{call.name}/{key_id}",
        "keyAlgorithm": _ALGORITHM.get(key_pairs.bits_of(certificate), "KEY_ALG_UNSPECIFIED"),
        "keyOrigin": origin,
        "keyType": managed,
        "validAfterTime": _time(certificate.not_valid_before_utc),
        "validBeforeTime": _time(certificate.not_valid_after_utc),
        "_certificate": key_pairs.pem_of(certificate),
    }
    call.cloud.store.put(
        "iam", key["name"], key, type_=_KEYS, project=call.project, system=managed == _SYSTEM
    )
    return call.shown(_KEYS, key)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


COLLECTIONS = (Collection(_KEYS),)
METHODS = {
    f"{_KEYS}.create": create,
    f"{_KEYS}.upload": upload,
    f"{_KEYS}.list": list_,
    f"{_KEYS}.get": get,
    f"{_KEYS}.delete": delete,
    f"{_KEYS}.disable": disable,
    f"{_KEYS}.enable": enable,
}
