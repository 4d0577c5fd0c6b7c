"""A key of one's own (CMEK) that Google's services encrypt with: made, rotated, and let use.

Follows https://cloud.google.com/kms/docs/cmek and
https://cloud.google.com/kms/docs/key-rotation.
"""

import re
from collections.abc import Callable, Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._functions import asked
from ._names import KMS, physical_name
from ._outputs import after, outputs_of
from ._projects import project_number
from ._validation import checked, duplicates, one_of

_DAY_SECONDS = 24 * 60 * 60
_ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
_PROTECTION = {"software": "SOFTWARE", "hsm": "HSM"}
_RING = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+")


class EncryptionKeyArgs(TypedDict):
    """What an EncryptionKey is made from."""

    project: pulumi.Input[str]
    """Id of the project that owns the key."""
    location: pulumi.Input[str]
    """Region, or `us`, `europe`, `asia`: where what it encrypts is. It cannot be changed later."""
    users: NotRequired[list[str]]
    """Services that encrypt with it: `bigquery`, `compute` (disks), `container` (Secrets in etcd),
    `logging` (log buckets), `pubsub`, `storage`. Default: none."""
    users_project: NotRequired[pulumi.Input[str]]
    """Id of the project in which they do. Default: `project`."""
    members: NotRequired[list[pulumi.Input[str]]]
    """Further principals that may encrypt and decrypt, `serviceAccount:...`. Default: none."""
    key_ring: NotRequired[pulumi.Input[str]]
    """Id of a key ring that exists, `projects/P/locations/L/keyRings/R`. Default: one is made."""
    rotation_days: NotRequired[pulumi.Input[int]]
    """Days after which a new version is made, 1 to 36500. Default: 90."""
    protection: NotRequired[str]
    """`software` or `hsm`; it cannot be changed later. Default: `software`."""
    generation: NotRequired[int]
    """Number that stands at the names' end from 2 on. Raise it to make the key again after it was
    destroyed, since Google never gives a name back. Default: 1."""
    prefix: NotRequired[str]
    """Put before every physical name, joined by `-`. Default: none."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of the key. Default: none."""
    enable_api: NotRequired[bool]
    """Whether to enable Cloud KMS in `project` first, and Compute Engine where it is a user.
    Default: true."""


class EncryptionKey(pulumi.ComponentResource):
    """A symmetric key in a ring, rotated, and the grants of those that encrypt with it.

    The services named in `users` act as accounts of Google's own, which are looked up or made, and
    get leave to use this key and no other. A destroy makes the key's versions unusable for good
    (thirty days later), and with them all that was encrypted; the names of key and ring stay taken.
    Raises ArgumentError for an unknown user, a wrong ring or a rotation out of range.
    """

    key_id: pulumi.Output[str]
    """Id of the key, `projects/P/locations/L/keyRings/R/cryptoKeys/K`, once its users may use it.
    """
    key_ring_id: pulumi.Output[str]
    """Id of its ring."""

    def __init__(
        self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("EncryptionKey", name, args, EncryptionKeyArgs, _problems)
        generation = int(args.get("generation", 1))  # other languages give 2.0
        suffix = [str(generation)] if generation > 1 else []
        physical = physical_name("EncryptionKey", KMS, args.get("prefix"), name, *suffix)
        super().__init__("meshwright:index:EncryptionKey", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        ring = args["key_ring"] if "key_ring" in args else self._ring(name, physical, args)
        days = pulumi.Output.from_input(args.get("rotation_days", 90))
        key = gcp.kms.CryptoKey(
            f"{name}-key",
            name=physical,
            key_ring=ring,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=days.apply(lambda value: f"{int(value) * _DAY_SECONDS}s"),
            version_template={
                "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
                "protection_level": _PROTECTION[args.get("protection", "software")],
            },
            labels=args.get("labels"),
            opts=child,
        )
        users_project = pulumi.Output.from_input(args.get("users_project", args["project"]))
        projects = dict.fromkeys(args.get("users", []), users_project)
        if "compute" in projects and args.get("enable_api", True):
            # Compute Engine's agent comes with its API, and until then cannot be let in.
            projects["compute"] = self._enabled(name, "compute", users_project)
        members: dict[str, pulumi.Input[str]] = {
            user: _USERS[user](name, project, child) for user, project in projects.items()
        }
        members |= {f"member-{i}": m for i, m in enumerate(args.get("members", []))}
        grants = [
            gcp.kms.CryptoKeyIAMMember(
                f"{name}-{role}",
                crypto_key_id=key.id,
                role=_ROLE,
                member=member,
                opts=child,
            )
            for role, member in members.items()
        ]
        self.key_id = after(key.id, grants)
        self.key_ring_id = pulumi.Output.from_input(ring)
        self.register_outputs(outputs_of(self))

    def _ring(self, name: str, physical: str, args: EncryptionKeyArgs) -> pulumi.Output[str]:
        project = args["project"]
        if args.get("enable_api", True):
            project = self._enabled(name, "cloudkms", project)
        ring = gcp.kms.KeyRing(
            f"{name}-ring",
            name=physical,
            project=project,
            location=args["location"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return ring.id

    def _enabled(self, name: str, api: str, project: pulumi.Input[str]) -> pulumi.Output[str]:
        """The project, once an API is on there."""
        service = gcp.projects.Service(
            f"{name}-{api}-api",
            project=project,
            service=f"{api}.googleapis.com",
            # Others in the project may use it.
            disable_on_destroy=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return after(project, [service])


def _account(
    whose: str, function: str, member: Callable[[dict[str, str]], str]
) -> Callable[[str, pulumi.Output[str], pulumi.ResourceOptions], pulumi.Output[str]]:
    """The account of an API that has a function for it."""

    def found(
        _: str, project: pulumi.Output[str], opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        assert opts.parent is not None, "everything here stands in its component"
        answer = asked(f"{whose}'s service account", function, {"project": project}, opts.parent)
        return answer.apply(member)

    return found


def _compute(
    _: str, project: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Compute Engine's agent cannot be asked for; its address is known."""
    assert opts.parent is not None, "everything here stands in its component"
    number = project_number(opts.parent, project)
    return pulumi.Output.format(
        "serviceAccount:service-{0}@compute-system.iam.gserviceaccount.com", number
    )


def _agent(
    api: str,
) -> Callable[[str, pulumi.Output[str], pulumi.ResourceOptions], pulumi.Output[str]]:
    """The agent of an API that makes it when asked."""

    def made(
        name: str, project: pulumi.Output[str], opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        identity = gcp.projects.ServiceIdentity(
            f"{name}-{api}-agent", project=project, service=f"{api}.googleapis.com", opts=opts
        )
        return identity.member

    return made


# By which account each service uses keys.
_USERS = {
    "bigquery": _account(
        "BigQuery",
        "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount",
        lambda found: found["member"],
    ),
    "compute": _compute,
    "container": _agent("container"),
    "logging": _account(
        "Cloud Logging",
        "gcp:logging/getProjectSettings:getProjectSettings",
        lambda found: f"serviceAccount:{found['kmsServiceAccountId']}",
    ),
    "pubsub": _agent("pubsub"),
    "storage": _account(
        "Cloud Storage",
        "gcp:storage/getProjectServiceAccount:getProjectServiceAccount",
        lambda found: found["member"],
    ),
}


def _problems(args: EncryptionKeyArgs) -> Iterator[tuple[str, str]]:
    users = args.get("users", [])
    for index, user in enumerate(users):
        yield from one_of(f"users[{index}]", user, _USERS)
    for user in duplicates(users):
        yield "users", f"{user!r} stands there twice"
    yield from one_of("protection", args.get("protection"), _PROTECTION)
    days = args.get("rotation_days", 90)
    if isinstance(days, int | float) and not 1 <= days <= 36500:
        yield "rotation_days", f"{days} is not within 1 to 36500"
    if args.get("generation", 1) < 1:
        yield "generation", f"{args.get('generation')} is less than 1"
    yield from _ring_problems(args)


def _ring_problems(args: EncryptionKeyArgs) -> Iterator[tuple[str, str]]:
    ring, location = args.get("key_ring"), args["location"]
    if not isinstance(ring, str):
        return
    if not _RING.fullmatch(ring):
        yield "key_ring", f"{ring!r} must have the form `projects/P/locations/L/keyRings/R`"
    elif isinstance(location, str) and ring.split("/")[3] != location:
        yield "key_ring", f"is in {ring.split('/')[3]!r}; the key's location is {location!r}"
