"""MESH-17: the managed mesh is on, by itself, for each cluster of the stack."""

import pytest

from meshwright_policies.mesh_fleet import managed_mesh_everywhere
from meshwright_policies.rule import CLUSTER, Resource
from meshwright_policies.values import UNKNOWN
from tests.policies.mesh_resources import namespace, open_, planned, what, wrong
from tests.policies.resources import made

AUTOMATIC = "MANAGEMENT_AUTOMATIC"
RELEASE = "kubernetes:helm.sh/v3:Release"


def feature(default: object = None, name: str = "servicemesh") -> Resource:
    member = {"mesh": {"management": default}} if default is not None else None
    properties = {"name": name, "fleetDefaultMemberConfig": member}
    return made("gcp:gkehub/feature:Feature", properties, name="feature")


def member(membership: object = "east", management: object = AUTOMATIC) -> Resource:
    properties = {
        "feature": "servicemesh",
        "membership": membership,
        "mesh": {"management": management},
    }
    return made("gcp:gkehub/featureMembership:FeatureMembership", properties, name="member")


def cluster(fleet: object = None, name: str = "east") -> Resource:
    return made(CLUSTER, {"name": name, "fleet": fleet}, name=name)


def registration(link: object, name: object = "east-member") -> Resource:
    endpoint = {"gkeCluster": {"resourceLink": link}}
    properties = {"membershipId": name, "endpoint": endpoint}
    return made("gcp:gkehub/membership:Membership", properties, name="membership")


BORN = {"project": "acme"}
LINK = "//container.googleapis.com/projects/acme/locations/europe-west1/clusters/east"
MANAGED = namespace("shop", {"istio.io/rev": "asm-managed"})
ISTIOD = made(RELEASE, {"chart": "istiod"}, name="istiod", cluster="east")


@pytest.mark.parametrize(
    "resources",
    [
        [feature(), member(), cluster(BORN)],
        [feature(), member("projects/p/locations/l/memberships/east"), cluster(BORN)],
        [feature(), member("given"), cluster(BORN | {"membershipId": "given"})],
        [feature(AUTOMATIC), cluster(BORN)],
        [member("east-member"), registration(LINK), cluster()],
        [feature(), cluster(BORN), cluster(), ISTIOD],
        [cluster(), cluster(BORN)],
        [feature(name="multiclusteringress"), cluster()],
        [cluster(), namespace("shop", {"istio.io/rev": "stable"})],
    ],
    ids=[
        "member", "path", "named member", "fleet default", "registered", "own control plane",
        "no mesh", "other feature", "open-source mesh",
    ],
)  # fmt: skip
def test_a_mesh_that_is_on_everywhere_holds(resources: list[Resource]) -> None:
    assert wrong(managed_mesh_everywhere, *resources) == []
    assert open_(managed_mesh_everywhere, *resources) == []


@pytest.mark.parametrize(
    ("resources", "expected", "said"),
    [
        ([member(management="MANAGEMENT_MANUAL")], ("member", "mesh.management"), "MANUAL"),
        ([member(management=None)], ("member", "mesh.management"), "is not set"),
        (
            [feature("MANAGEMENT_MANUAL")],
            ("feature", "fleetDefaultMemberConfig.mesh.management"),
            AUTOMATIC,
        ),
        ([feature(), member(), cluster()], ("east", "fleet"), "no member of the fleet"),
        (
            [member(), registration(None), made(CLUSTER, {}, name="unnamed")],
            ("unnamed", "fleet"),
            "no member of the fleet",
        ),
        ([feature(), cluster(BORN)], ("east", "fleet"), "not on for this member"),
        ([member("west"), cluster(BORN)], ("east", "fleet"), "(east)"),
        ([MANAGED, cluster(BORN)], ("east", "fleet"), "FeatureMembership"),
    ],
)
def test_a_cluster_without_the_mesh_is_found(
    resources: list[Resource], expected: tuple, said: str
) -> None:
    assert wrong(managed_mesh_everywhere, *resources) == [expected]
    assert said in what(managed_mesh_everywhere, *resources)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([member(management=UNKNOWN)], ("member", "mesh.management")),
        ([member(UNKNOWN), cluster(BORN)], ("east", "fleet")),
        ([member(), cluster(UNKNOWN)], ("east", "fleet")),
        ([member(), registration(UNKNOWN), cluster()], ("east", "fleet")),
        ([feature(), cluster(BORN), planned(RELEASE, "chart")], ("east", "fleet")),
    ],
)
def test_an_unknown_member_is_judged_later(resources: list[Resource], expected: tuple) -> None:
    assert wrong(managed_mesh_everywhere, *resources) == []
    assert open_(managed_mesh_everywhere, *resources) == [expected]
