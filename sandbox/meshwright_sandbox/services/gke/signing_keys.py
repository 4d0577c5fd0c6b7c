"""With what the tokens of a cluster's service accounts verify: its keys, and its OpenID document.

A cluster's keys are those that its API server told when it had started.
"""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import precondition
from meshwright_sandbox.runtime.interface import issuer_of

Json = dict[str, Any]
FIELD = "_signingKeys"


def get_keys(call: Call) -> Json:
    """`clusters.getJwks`.

    Raises:
        ApiError: 400 while the cluster does not run yet, or if an earlier sandbox made it.
    """
    keys = call.get().get(FIELD)
    if keys is None:
        raise precondition(
            f"The signing keys of {call.name} are not known: it has not started, or an earlier "
            "version of the sandbox made it."
        )
    return {"keys": keys}


def get_configuration(call: Call) -> Json:
    """`clusters.well-known.getOpenid-configuration`.

    The link to the keys leads to the sandbox, since clients follow it.
    """
    call.get()
    return {
        "issuer": issuer_of(call.name),
        "jwks_uri": f"{call.origin}/container/v1/{call.name}/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["iss", "sub", "kubernetes.io"],
        "grant_types": ["urn:kubernetes:grant_type:programmatic_authorization"],
    }
