"""What the sandbox does not do says so, by the method's name: nobody shall look for a mistake."""

from urllib.parse import quote

import pytest

from tests.sandbox.server import Sandbox


@pytest.mark.parametrize(
    ("http_method", "path", "method"),
    [
        (
            "POST",
            "/compute/compute/v1/projects/{p}/zones/us-central1-a/instances/bulkInsert",
            "compute.instances.bulkInsert",
        ),
        (
            "GET",
            "/compute/compute/v1/projects/{p}/zones/us-central1-a/machineTypes/e2-small",
            "compute.machineTypes.get",
        ),
        (
            "GET",
            "/monitoring/v3/projects/{p}/timeSeries?filter=a&interval.endTime=2026-01-01T00:00:00Z",
            "monitoring.projects.timeSeries.list",
        ),
        ("PUT", "/pubsub/v1/projects/{p}/snapshots/before", "pubsub.projects.snapshots.create"),
        ("POST", "/bigquery/bigquery/v2/projects/{p}/jobs", "bigquery.jobs.insert"),
        (
            "POST",
            "/bigquery/upload/bigquery/v2/projects/{p}/jobs?uploadType=media",
            "bigquery.jobs.insert",
        ),
        (
            "POST",
            "/storage/storage/v1/projects/{p}/hmacKeys?serviceAccountEmail=a",
            "storage.projects.hmacKeys.create",
        ),
        ("POST", "/storage/storage/v1/b/{p}/folders", "storage.folders.insert"),
        ("GET", "/storage/storage/v1/b/{p}/managedFolders", "storage.managedFolders.list"),
        (
            "POST",
            "/cloudresourcemanager/v3/organizations/1:getIamPolicy",
            "cloudresourcemanager.organizations.getIamPolicy",
        ),
    ],
)
def test_a_method_that_is_not_emulated_is_named(
    sandbox: Sandbox, project: str, http_method: str, path: str, method: str
) -> None:
    body = {} if http_method != "GET" else None

    status, answer = sandbox.call(http_method, path.format(p=project), body)

    assert status == 501
    assert answer["error"]["message"] == (
        f"Method {method} is not part of the sandbox: the local cloud does not emulate it."
    )


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/dns/v1/projects/p/managedZones", "does not emulate an API 'dns'."),
        ("/compute/compute/v7/projects/p/global/networks", "compute in version v1, beta, alpha."),
        ("/gkehub/v1/projects/p/locations/global/nothing", "gkehub has no such method."),
        (
            "/networkservices/v1/projects/p/locations/global/meshes/m:getIamPolicy",
            "networkservices has no such method.",
        ),
    ],
)
def test_a_path_that_leads_nowhere_says_which_part_is_unknown(
    sandbox: Sandbox, path: str, said: str
) -> None:
    status, answer = sandbox.call("GET", path)

    assert status == 404
    assert said in answer["error"]["message"]


@pytest.mark.parametrize(
    ("path", "wrong", "right"),
    [
        ("networkservices/v1/{g}/meshes?meshId=", ["Bad Id", "1mesh", "m" * 64, "a.b"], "My_1-m"),
        (
            "certificatemanager/v1/{g}/certificateMaps?certificateMapId=",
            ["1map", "m" * 65, "a.b", "ü"],
            "My_map-1",
        ),
        ("gkehub/v1/{g}/memberships?membershipId=", ["Member", "a_b", "m" * 64, "m-"], "1-m"),
        ("gkehub/v1/{g}/scopes?scopeId=", ["Scope", "s_1"], "shop"),
        ("monitoring/v3/projects/{p}/services?serviceId=", ["Shop", "s.1"], "shop-1"),
        ("iam/v1/projects/{p}/locations/global/workloadIdentityPools?workloadIdentityPoolId=",
         ["a/b"], "pool-1"),
        ("pubsub/v1/projects/{p}/schemas?schemaId=", ["1st", "a b", "googs"], "Logs.v1~"),
        ("logging/v2/{g}/buckets?bucketId=", ["a b"], "mine.1"),
    ],
)  # fmt: skip
def test_ids_are_of_the_form_that_the_api_gives_them(
    sandbox: Sandbox, project: str, path: str, wrong: list[str], right: str
) -> None:
    base = "/" + path.format(g=f"projects/{project}/locations/global", p=project)

    for short in wrong:
        status, answer = sandbox.call("POST", base + _quoted(short), {})
        assert status == 400, (short, answer)
        assert short in answer["error"]["message"]
    status, answer = sandbox.call("POST", base + _quoted(right), {})
    assert status == 200, answer


def _quoted(text: str) -> str:
    return quote(text, safe="")
