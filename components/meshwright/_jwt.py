"""Tokens of users: who issues them, and Istio's objects that ask for them.

Follows https://istio.io/latest/docs/tasks/security/authorization/authz-jwt/ and
https://cloud.google.com/iap/docs/signed-headers-howto.
"""

import re
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi

_URL = re.compile(r"https://[^\s/]+(/\S*)?")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
# https://cloud.google.com/iap/docs/signed-headers-howto: issuer, keys and header of IAP's tokens.
_IAP_ISSUER = "https://cloud.google.com/iap"
_IAP_KEYS = "https://www.gstatic.com/iap/verify/public_key-jwk"
_IAP_HEADER = "x-goog-iap-jwt-assertion"


class JwtIssuerArgs(TypedDict):
    """Whose tokens (JWT) are taken, and how they are checked."""

    issuer: str
    """Issuer (`iss`) of the tokens, such as `https://accounts.google.com`."""
    jwks_uri: pulumi.Input[str]
    """HTTPS address of the issuer's public keys."""
    audiences: list[pulumi.Input[str]]
    """Audiences (`aud`), one of which a token must name; at least one."""
    from_headers: NotRequired[list[str]]
    """Headers that carry the token, without a prefix before it. Default: `Authorization`, after
    `Bearer `."""


def jwt_rules(issuers: list[JwtIssuerArgs]) -> list[dict[str, object]]:
    """`jwtRules` of a RequestAuthentication; the token goes on to the application as it came."""
    rules: list[dict[str, object]] = []
    for issuer in issuers:
        rule: dict[str, object] = {
            "issuer": issuer["issuer"],
            "jwksUri": issuer["jwks_uri"],
            "forwardOriginalToken": True,
        }
        if issuer["audiences"]:
            rule["audiences"] = issuer["audiences"]
        if "from_headers" in issuer:
            rule["fromHeaders"] = [{"name": header} for header in issuer["from_headers"]]
        rules.append(rule)
    return rules


def iap_issuer(audiences: list[pulumi.Input[str]]) -> JwtIssuerArgs:
    """Identity-Aware Proxy, which signs who the user is into a header of its own."""
    return {
        "issuer": _IAP_ISSUER,
        "jwks_uri": _IAP_KEYS,
        "audiences": audiences,
        "from_headers": [_IAP_HEADER],
    }


def request_principals(issuers: list[JwtIssuerArgs]) -> list[str]:
    """Every user of the issuers, as authorization rules name them (`issuer/subject`)."""
    return [f"{issuer['issuer']}/*" for issuer in issuers]


def jwt_problems(path: str, issuer: JwtIssuerArgs) -> Iterator[tuple[str, str]]:
    """What is wrong with one issuer's arguments."""
    if not issuer["issuer"] or "*" in issuer["issuer"]:
        yield f"{path}.issuer", f"{issuer['issuer']!r} must be the tokens' `iss`, without wildcards"
    keys = issuer["jwks_uri"]
    if isinstance(keys, str) and not _URL.fullmatch(keys):
        yield f"{path}.jwks_uri", f"{keys!r} is not an address such as https://example.com/keys"
    if not issuer["audiences"]:
        yield f"{path}.audiences", "is empty; a token made for another audience would be taken"
    for index, header in enumerate(issuer.get("from_headers", [])):
        if not _HEADER.fullmatch(header):
            yield f"{path}.from_headers[{index}]", f"{header!r} is not the name of an HTTP header"
    if issuer.get("from_headers") == []:
        yield f"{path}.from_headers", "is empty; leave it out for `Authorization`"
