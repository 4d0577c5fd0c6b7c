"""Security of the spec: mutual TLS, who may call whom, users' tokens, the certificates' CA."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from stacks._fields import MAX_ENTRIES, Closed, Day, HttpsUrl, Name, Reference, Region, Text


class Call(Closed):
    """A permission: one workload may call another. What is not named is denied."""

    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)

    caller: Reference = Field(
        alias="from",
        description="The caller, a service or gateway: <namespace>/<name>.",
        examples=["shop-ingress/public"],
    )
    callee: Reference = Field(
        alias="to",
        description="The service called: <namespace>/<name>.",
        examples=["shop/checkout"],
    )
    methods: list[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]] = Field(
        default_factory=list[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]],
        max_length=7,
        description="HTTP methods. Default: all.",
    )
    paths: list[Annotated[str, Field(pattern=r"^(/|\*/?)\S*$", max_length=2048)]] = Field(
        default_factory=list[str],
        max_length=100,
        description="HTTP paths, '*' at one end as wildcard. Default: all.",
    )


class Jwt(Closed):
    """An issuer of users' tokens, and the service that asks for one."""

    service: Reference = Field(
        description="Service or gateway that takes no call without a token: <namespace>/<name>.",
        examples=["shop-ingress/public"],
    )
    issuer: Annotated[str, Field(min_length=1, max_length=2048)] = Field(
        description="Issuer (`iss`) of the tokens.", examples=["https://accounts.google.com"]
    )
    jwks_uri: HttpsUrl = Field(
        description="Address of the issuer's public keys.",
        examples=["https://www.googleapis.com/oauth2/v3/certs"],
    )
    audiences: list[Annotated[str, Field(min_length=1, max_length=2048)]] = Field(
        min_length=1, max_length=50, description="Audiences (`aud`) taken, at least one."
    )


class Plaintext(Closed):
    """A service that takes plaintext on its `plaintext_ports`, although the mesh is STRICT."""

    service: Reference = Field(description="The service: <namespace>/<name>.")
    reason: Text = Field(description="The documented limit that forces it.")
    expires: Day = Field(description="Day by which it is looked at again.", examples=["2027-06-30"])


class Security(Closed):
    """Mutual TLS and permissions. Calls that nothing allows are denied."""

    mtls: Literal["STRICT", "PERMISSIVE"] = Field(
        default="STRICT",
        description="STRICT everywhere; PERMISSIVE opens the `plaintext_ports` of services.",
    )
    plaintext: list[Plaintext] = Field(
        default_factory=list[Plaintext],
        max_length=100,
        description="Exceptions from STRICT, each with reason and end. Default: none.",
    )
    calls: list[Call] = Field(
        default_factory=list[Call], max_length=MAX_ENTRIES, description="Who may call whom."
    )
    scopes: bool = Field(
        default=True,
        description="Whether proxies learn only of what `calls` let them call (Sidecar).",
    )
    jwt: list[Jwt] = Field(
        default_factory=list[Jwt], max_length=100, description="Users' tokens. Default: none."
    )


class CertificateAuthority(Closed):
    """An authority of CA Service that signs workloads' certificates in place of Mesh CA."""

    name: Name = Field(description="Name, unique in the spec.")
    region: Region = Field(description="Region, that of the clusters it serves.")
    organization: Text = Field(
        description="Organization in its own certificate.", examples=["Example Ltd"]
    )
    lifetime_days: int = Field(
        default=3650, ge=1, le=10950, description="How long its own certificate is valid, days."
    )
    deletion_protection: bool = Field(
        default=True, description="Whether a destroy of the authority is refused."
    )
