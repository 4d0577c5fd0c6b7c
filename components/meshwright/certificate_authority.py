"""A certificate authority of one's own for the mesh's workloads, by Certificate Authority Service.

Follows https://cloud.google.com/service-mesh/docs/security/certificate-authority-service and
https://cloud.google.com/certificate-authority-service/docs/creating-subordinate-ca.
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._names import NameRule, named, physical_name
from ._outputs import after, outputs_of
from ._validation import checked, is_plain, one_of

_ALGORITHMS = (
    "EC_P256_SHA256",
    "EC_P384_SHA384",
    "RSA_PKCS1_2048_SHA256",
    "RSA_PKCS1_3072_SHA256",
    "RSA_PKCS1_4096_SHA256",
)
_NAME = NameRule("certificate authority", 1, 63)
_ISSUER = "/certificateAuthorities/"
_DAY = 24 * 60 * 60
# What a workload needs of the pool; the template, where there is one, asks for a role of its own.
_POOL_ROLES = {"requester": "workloadCertificateRequester", "auditor": "auditor"}


class MeshCertificateAuthorityArgs(TypedDict):
    """What a MeshCertificateAuthority is made from."""

    project: pulumi.Input[str]
    """Id of the project that keeps the authority."""
    location: pulumi.Input[str]
    """Region, the one of the clusters it serves, such as `europe-west1`."""
    workload_pool: pulumi.Input[str]
    """The fleet's workload pool, Fleet.trust_domain: whose workloads may ask for certificates, and
    the only names they get."""
    organization: pulumi.Input[str]
    """Organization in the authority's own certificate."""
    prefix: NotRequired[str]
    """Put before every name. Default: none."""
    common_name: NotRequired[pulumi.Input[str]]
    """Common name in the authority's own certificate. Default: the component's name."""
    issuer: NotRequired[pulumi.Input[str]]
    """The authority that signs this one, such as an enterprise root, as
    `projects/P/locations/L/caPools/POOL/certificateAuthorities/CA`. Default: none; it signs
    itself."""
    key_algorithm: NotRequired[pulumi.Input[str]]
    """Algorithm of its key, such as `EC_P256_SHA256` or `RSA_PKCS1_2048_SHA256`. Default:
    `EC_P256_SHA256`."""
    kms_key_version: NotRequired[pulumi.Input[str]]
    """Key version of Cloud KMS to sign with, instead of a key that Google makes. Default: none."""
    lifetime_days: NotRequired[pulumi.Input[int]]
    """How long its own certificate is valid, in days. Default: 3650."""
    workload_lifetime_hours: NotRequired[pulumi.Input[int]]
    """Longest validity of a workload's certificate, in hours. Default: 24."""
    template: NotRequired[bool]
    """Whether what a certificate holds stands in a certificate template, instead of in the pool's
    policy, so that the pool can serve others too. Default: false."""
    deletion_protection: NotRequired[pulumi.Input[bool]]
    """Whether Pulumi refuses to delete the authority. Default: true."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of everything made here. Default: none."""


class MeshCertificateAuthority(pulumi.ComponentResource):
    """A pool of the tier DevOps with one enabled authority, and what lets workloads use it.

    Workloads get certificates for their own identity alone (`spiffe://POOL/ns/.../sa/...`), for
    client and server, and never for an authority. The managed mesh takes it by
    ManagedMesh.members[].asm_options, which must stand before the mesh is turned on; InClusterMesh
    by `ca_pool` and `ca_template`. When it is destroyed the authority goes at once, without the
    thirty days in which Google would restore it, so that the pool can go too. Without it, the mesh
    has Google's Mesh CA. Raises ArgumentError for wrong algorithms, lifetimes and issuers.
    """

    pool: pulumi.Output[str]
    """Full name of the pool, once its authority is enabled and workloads may ask it."""
    certificate_template: pulumi.Output[str]
    """Full name of the certificate template, or empty."""
    asm_options: pulumi.Output[str]
    """The managed mesh's option that names the pool, and the template if there is one."""

    def __init__(
        self,
        name: str,
        args: MeshCertificateAuthorityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        kind = MeshCertificateAuthorityArgs
        args = checked("MeshCertificateAuthority", name, args, kind, _problems, named(_NAME, name))
        physical = physical_name("MeshCertificateAuthority", _NAME, args.get("prefix"), name)
        super().__init__("meshwright:index:MeshCertificateAuthority", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        with_template = args.get("template", False)
        policy: gcp.certificateauthority.CaPoolIssuancePolicyArgsDict = {
            "allowed_issuance_modes": {
                "allow_csr_based_issuance": True,
                "allow_config_based_issuance": False,
            },
            "maximum_lifetime": _seconds(args.get("workload_lifetime_hours", 24), 60 * 60),
            "identity_constraints": {
                "allow_subject_passthrough": False,
                "allow_subject_alt_names_passthrough": True,
                "cel_expression": {"expression": _own_names(args)},
            },
        }
        # The provider shows a change for ever where the block is absent, so that it is empty then.
        policy["baseline_values"] = {
            "ca_options": {} if with_template else {"non_ca": True},
            "key_usage": {
                "base_key_usage": {}
                if with_template
                else {"digital_signature": True, "key_encipherment": True},
                "extended_key_usage": {}
                if with_template
                else {"server_auth": True, "client_auth": True},
            },
        }
        pool = gcp.certificateauthority.CaPool(
            f"{name}-pool",
            name=physical,
            project=args["project"],
            location=args["location"],
            tier="DEVOPS",
            issuance_policy=policy,
            labels=args.get("labels"),
            opts=child,
        )
        waits: list[pulumi.Resource] = [self._authority(name, physical, args, pool)]
        members = pulumi.Output.concat("group:", args["workload_pool"], ":/allAuthenticatedUsers/")
        for key, role in _POOL_ROLES.items():
            grant = gcp.certificateauthority.CaPoolIamMember(
                f"{name}-{key}",
                ca_pool=pool.id,
                role=f"roles/privateca.{role}",
                member=members,
                opts=child,
            )
            waits.append(grant)
        template: pulumi.Output[str] = pulumi.Output.from_input("")
        if with_template:
            made, grant = self._template(name, physical, args, members)
            template = made.id
            waits.append(grant)
        self.pool = after(pool.id, waits)
        self.certificate_template = after(template, waits)
        self.asm_options = pulumi.Output.all(self.pool, self.certificate_template).apply(
            lambda named: "CA=PRIVATECA;CAAddr=" + ":".join(part for part in named if part)
        )
        self.register_outputs(outputs_of(self))

    def _authority(
        self,
        name: str,
        physical: str,
        args: MeshCertificateAuthorityArgs,
        pool: "gcp.certificateauthority.CaPool",
    ) -> "gcp.certificateauthority.Authority":
        key: gcp.certificateauthority.AuthorityKeySpecArgsDict = {}
        if "kms_key_version" in args:
            key["cloud_kms_key_version"] = args["kms_key_version"]
        else:
            key["algorithm"] = args.get("key_algorithm", "EC_P256_SHA256")
        signed: gcp.certificateauthority.AuthoritySubordinateConfigArgsDict | None = None
        if "issuer" in args:
            signed = {"certificate_authority": args["issuer"]}
        return gcp.certificateauthority.Authority(
            f"{name}-authority",
            certificate_authority_id=physical,
            project=args["project"],
            location=args["location"],
            pool=pool.name,
            type="SUBORDINATE" if signed else "SELF_SIGNED",
            subordinate_config=signed,
            key_spec=key,
            lifetime=_seconds(args.get("lifetime_days", 3650), _DAY),
            config={
                "subject_config": {
                    "subject": {
                        "organization": args["organization"],
                        "common_name": args.get("common_name", name),
                    }
                },
                "x509_config": {
                    "ca_options": {"is_ca": True},
                    "key_usage": {
                        "base_key_usage": {"cert_sign": True, "crl_sign": True},
                        "extended_key_usage": {},
                    },
                },
            },
            labels=args.get("labels"),
            deletion_protection=args.get("deletion_protection", True),
            # A pool cannot go while an authority of it could be restored, and certificates of
            # workloads are always in force.
            skip_grace_period=True,
            ignore_active_certificates_on_deletion=True,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _template(
        self,
        name: str,
        physical: str,
        args: MeshCertificateAuthorityArgs,
        members: pulumi.Output[str],
    ) -> """tuple[
        gcp.certificateauthority.CertificateTemplate,
        gcp.certificateauthority.CertificateTemplateIamMember,
    ]""":
        child = pulumi.ResourceOptions(parent=self)
        template = gcp.certificateauthority.CertificateTemplate(
            f"{name}-template",
            name=physical,
            project=args["project"],
            location=args["location"],
            identity_constraints={
                "allow_subject_passthrough": False,
                "allow_subject_alt_names_passthrough": True,
                "cel_expression": {"expression": _own_names(args)},
            },
            predefined_values={
                "ca_options": {"is_ca": False},
                "key_usage": {
                    "base_key_usage": {"digital_signature": True, "key_encipherment": True},
                    "extended_key_usage": {"server_auth": True, "client_auth": True},
                },
            },
            labels=args.get("labels"),
            opts=child,
        )
        grant = gcp.certificateauthority.CertificateTemplateIamMember(
            f"{name}-template-user",
            certificate_template=template.id,
            role="roles/privateca.templateUser",
            member=members,
            opts=child,
        )
        return template, grant


def _own_names(args: MeshCertificateAuthorityArgs) -> pulumi.Output[str]:
    """A CEL expression: identities of the pool's workloads, and no other names."""
    start = pulumi.Output.concat('"spiffe://', args["workload_pool"], '/ns/"')
    test = "subject_alt_names.all(san, san.type == URI && san.value.startsWith("
    return pulumi.Output.concat(test, start, "))")


def _seconds(amount: pulumi.Input[int], unit: int) -> pulumi.Output[str]:
    """A protobuf duration."""
    return pulumi.Output.from_input(amount).apply(lambda known: f"{int(known) * unit}s")


def _problems(args: MeshCertificateAuthorityArgs) -> Iterator[tuple[str, str]]:
    yield from one_of("key_algorithm", args.get("key_algorithm"), _ALGORITHMS)
    if "key_algorithm" in args and "kms_key_version" in args:
        yield "key_algorithm", "is the key version's own; leave it out with kms_key_version"
    issuer = args.get("issuer")
    if isinstance(issuer, str) and (issuer.count("/") != 7 or _ISSUER not in issuer):
        text = "must be `projects/P/locations/L/caPools/POOL/certificateAuthorities/CA`"
        yield "issuer", f"{issuer!r} {text}"
    days, hours = args.get("lifetime_days", 3650), args.get("workload_lifetime_hours", 24)
    if isinstance(days, int) and not 1 <= days <= 36500:
        yield "lifetime_days", f"{days} is not from 1 to 36500 days"
    # The mesh's proxies ask for certificates of a day.
    if isinstance(hours, int) and not 24 <= hours <= 720:
        yield "workload_lifetime_hours", f"{hours} is not from 24 to 720 hours"
    organization = args["organization"]
    if is_plain(organization) and not str(organization).strip():
        yield "organization", "is empty; it stands in every chain of certificates"
