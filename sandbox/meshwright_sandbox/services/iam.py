"""IAM: service accounts, their policies, roles, pools of identities from elsewhere."""

import re
from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.stamps import new_etag, numeric_id
from meshwright_sandbox.services import account_keys, roles

Json = dict[str, Any]
_ACCOUNTS = "projects.serviceAccounts"
_POOLS = "projects.locations.workloadIdentityPools"
# https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools/create
_POOL_ID = r"(?!gcp-)[a-z0-9-]{4,32}"
# Those that were deleted and may come back, by their unique ids.
_DELETED = "deletedServiceAccounts"
_SUFFIX = ".iam.gserviceaccount.com"


def _email(call: Call, account_id: str) -> str:
    return f"{account_id}@{call.project}{_SUFFIX}"


def _create_account(call: Call) -> Json:
    account_id = call.body.get("accountId", "")
    if not 6 <= len(account_id) <= 30:
        raise invalid(f'The account ID "{account_id}" does not have a length between 6 and 30.')
    if not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])", account_id):
        raise invalid(
            f'The account ID "{account_id}" does not match the pattern [a-z]([-a-z0-9]*[a-z0-9]).'
        )
    return generic.create(call)


def _account_defaults(call: Call, document: Json) -> None:
    email = call.name.rpartition("/")[2]
    unique = _unique(document["etag"])
    document |= {
        "projectId": call.project,
        "email": email,
        "uniqueId": unique,
        "oauth2ClientId": unique,
    }


def _enable(call: Call) -> Json:
    account = call.get()
    account.pop("disabled", None)
    call.put(call.name, account)
    return {}


def _disable(call: Call) -> Json:
    call.put(call.name, call.get() | {"disabled": True})
    return {}


def _delete(call: Call) -> Json:
    """Delete an account. It can be brought back by its unique id, here for as long as one likes."""
    account = call.get()
    answer = generic.delete(call)
    call.cloud.store.put("iam", _deleted(call, account["uniqueId"]), account, system=True)
    return answer


def _undelete(call: Call) -> Json:
    """Bring a deleted account back, unless another has its name by now."""
    deleted = _deleted(call, call.name.rpartition("/")[2])
    account = call.cloud.store.get("iam", deleted)
    if account is None:
        raise ApiError(404, _not_found(call.name))
    if call.cloud.store.get("iam", account["name"]) is not None:
        raise ApiError(409, _already_exists(account["name"]))
    call.cloud.store.delete("iam", deleted)
    call.put(account["name"], account)
    own = not account["email"].endswith(_SUFFIX)
    call.cloud.store.set_system("iam", account["name"], own)
    return {"restoredAccount": account}


def _deleted(call: Call, unique: str) -> str:
    return f"projects/{call.project}/{_DELETED}/{unique}"


def add_default_account(cloud: Cloud, project: str) -> None:
    """The account as which machines run where nobody says otherwise; it comes with Compute."""
    email = f"{cloud.projects.number(project)}-compute@developer.gserviceaccount.com"
    name = f"projects/{project}/serviceAccounts/{email}"
    unique = _unique(name)
    account = {
        "name": name,
        "projectId": project,
        "email": email,
        "displayName": "Compute Engine default service account",
        "uniqueId": unique,
        "oauth2ClientId": unique,
        "etag": new_etag(),
    }
    cloud.store.put("iam", name, account, type_=_ACCOUNTS, project=project, system=True)


def _activate(_: Call, document: Json) -> None:
    document["state"] = "ACTIVE"


def _attestation_rules(call: Call) -> Json:
    """No pool here has any: they are of pools that are trust domains."""
    call.get()
    return {}


def _unique(seed: str) -> str:
    return numeric_id(seed)[:21].rjust(21, "1")


def _before(call: Call) -> None:
    """Accounts may be called by their unique id, and be named without their project."""
    head, _, rest = call.name.partition("/serviceAccounts/")
    account, slash, below = rest.partition("/")
    if not account.isdigit() and head != "projects/-":
        return
    for row in call.cloud.store.of_type("iam", _ACCOUNTS):
        known = (row.doc["uniqueId"], row.doc["email"])
        if account in known and head in ("projects/-", f"projects/{row.project}"):
            call.project, call.name = row.project, row.name + slash + below


def _rewrite(path: str) -> str:
    """`projects/-/...`: the project is in the account's address."""
    match = re.match(rf"projects/-/serviceAccounts/[^@/]+@([^.]+){re.escape(_SUFFIX)}", path)
    return path.replace("projects/-/", f"projects/{match[1]}/", 1) if match else path


def _already_exists(name: str) -> str:
    if "/serviceAccounts/" not in name:
        return "Requested entity already exists"
    project, _, email = name.partition("/serviceAccounts/")
    return f"Service account {email.partition('@')[0]} already exists within project {project}."


def _not_found(name: str) -> str:
    if "/keys/" in name:
        return f"Service account key {name.rpartition('/')[2]} does not exist."
    if "/serviceAccounts/" in name:
        return f"Service account {name} does not exist."
    if "roles/" in name:
        return f"The role named {name} was not found."
    return "Requested entity was not found."


SERVICE = Service(
    name="iam",
    versions={"v1": "iam.v1"},
    proto="google.iam.admin",
    operations="below",
    rewrite_path=_rewrite,
    before=_before,
    not_found=_not_found,
    already_exists=_already_exists,
    collections=(
        Collection(
            _ACCOUNTS,
            id_from="body:accountId",
            full_id=_email,
            body_field="serviceAccount",
            output_only=("name", "email", "uniqueId", "oauth2ClientId", "projectId", "disabled"),
            defaults=_account_defaults,
            has_children=False,
        ),
        Collection(
            roles.CUSTOM,
            id_from="body:roleId",
            id_pattern=r"[a-zA-Z0-9_.]{3,64}",
            body_field="role",
        ),
        *account_keys.COLLECTIONS,
        Collection(
            _POOLS,
            id_from="query:workloadIdentityPoolId",
            id_pattern=_POOL_ID,
            defaults=_activate,
            has_children=False,
        ),
        Collection(
            f"{_POOLS}.providers",
            id_from="query:workloadIdentityPoolProviderId",
            id_pattern=_POOL_ID,
            defaults=_activate,
        ),
    ),
    methods={
        **roles.METHODS,
        **account_keys.METHODS,
        f"{_POOLS}.listAttestationRules": _attestation_rules,
        f"{_ACCOUNTS}.create": _create_account,
        f"{_ACCOUNTS}.delete": _delete,
        f"{_ACCOUNTS}.undelete": _undelete,
        f"{_ACCOUNTS}.enable": _enable,
        f"{_ACCOUNTS}.disable": _disable,
    },
)
