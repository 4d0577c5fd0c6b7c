"""The accounts as which machines run."""

from collections.abc import Iterable
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError

Json = dict[str, Any]
_SUFFIX = ".iam.gserviceaccount.com"


def require(call: Call, accounts: Iterable[Json]) -> None:
    """Machines cannot start as an account that is not there."""
    for account in accounts:
        email = str(account.get("email", ""))
        owner = email.partition("@")[2].removesuffix(_SUFFIX)
        if not email.endswith(_SUFFIX) or owner.startswith("gcp-sa-"):
            continue
        if call.cloud.store.get("iam", f"projects/{owner}/serviceAccounts/{email}") is None:
            raise ApiError(
                400,
                f"The resource '{email}' of type 'serviceAccount' was not found.",
                refusal="reference",
            )


def default_of(call: Call) -> str:
    """The account of the called project's machines, where nobody says otherwise."""
    return f"{call.cloud.projects.number(call.project)}-compute@developer.gserviceaccount.com"


def named(call: Call, account: Json) -> Json:
    """An account by its address, which a request may leave out or call `default`."""
    address = account.get("email", "default")
    return account | {"email": default_of(call) if address == "default" else address}
