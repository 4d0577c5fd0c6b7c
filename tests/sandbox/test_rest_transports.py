"""What Google's newer client libraries send over REST, and what they can read.

They write enumerations as numbers (`$alt=json;enum-encoding=int`), bytes in the standard alphabet
of base64 whatever they were read in, and read operations into protobuf messages, which refuse
fields and types that they do not know.
"""

import base64
import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest

from meshwright_sandbox.core.discovery import load
from meshwright_sandbox.core.enums import name_of
from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import Sandbox

_NUMBERS = "%24alt=json%3Benum-encoding%3Dint"


def _place(project: str, location: str = "global") -> str:
    return f"projects/{project}/locations/{location}"


def _done(sandbox: Sandbox, api: str, answer: tuple[int, Any]) -> Any:
    """The finished operation that a call has started."""
    status, started = answer
    assert status == 200, started
    return sandbox.call("GET", f"/{api}/{started['name']}?{_NUMBERS}")[1]


def test_enumerations_are_taken_by_their_numbers(sandbox: Sandbox, project: str) -> None:
    gateways = f"/networkservices/v1/{_place(project)}/gateways"
    body = {"type": 1, "ports": [80], "scope": "mesh"}

    _done(
        sandbox,
        "networkservices/v1",
        sandbox.call("POST", f"{gateways}?gatewayId=g&{_NUMBERS}", body),
    )

    assert sandbox.call("GET", f"{gateways}/g")[1]["type"] == "OPEN_MESH"


def test_numbers_that_have_gaps_mean_what_google_means(sandbox: Sandbox, project: str) -> None:
    clusters = f"/container/v1/{_place(project, 'us-central1')}/clusters"
    cluster = {
        "name": "c",
        "initialNodeCount": 1,
        "releaseChannel": {"channel": 2},
        "networkConfig": {"gatewayApiConfig": {"channel": 4}},
        "monitoringConfig": {"componentConfig": {"enableComponents": [1, 11]}},
    }

    assert sandbox.call("POST", f"{clusters}?{_NUMBERS}", {"cluster": cluster})[0] == 200

    made = sandbox.call("GET", f"{clusters}/c")[1]
    assert made["releaseChannel"] == {"channel": "REGULAR"}
    assert made["networkConfig"]["gatewayApiConfig"] == {"channel": "CHANNEL_STANDARD"}
    components = made["monitoringConfig"]["componentConfig"]["enableComponents"]
    assert components == ["SYSTEM_COMPONENTS", "DEPLOYMENT"]


@pytest.mark.parametrize(
    ("document", "schema", "field", "number", "name"),
    [
        ("logging.v2", "LogEntry", "severity", 400, "WARNING"),
        ("run.v2", "GoogleCloudRunV2Service", "launchStage", 3, "BETA"),
        ("cloudkms.v1", "CryptoKeyVersionTemplate", "algorithm", 12, "EC_SIGN_P256_SHA256"),
        ("container.v1", "UpgradeSettings", "strategy", 2, "BLUE_GREEN"),
        ("container.v1beta1", "WorkloadConfig", "auditMode", 4, "BASIC"),
        ("monitoring.v3", "Aggregation", "perSeriesAligner", 12, "ALIGN_MEAN"),
        ("pubsub.v1", "Schema", "type", 2, "AVRO"),
    ],
)
def test_numbers_of_enumerations(
    document: str, schema: str, field: str, number: int, name: str
) -> None:
    names = load(document).schemas[schema]["properties"][field]["enum"]

    assert name_of(number, names) == name


@pytest.mark.parametrize("wrong", [99, -1, True, 1.5])
def test_a_number_that_no_value_has_is_refused(
    sandbox: Sandbox, project: str, wrong: object
) -> None:
    path = f"/networkservices/v1/{_place(project)}/gateways?gatewayId=g"

    status, answer = sandbox.call("POST", path, {"type": wrong, "ports": [80], "scope": "s"})

    assert status == 400
    assert "Invalid value at 'gateway.type'" in answer["error"]["message"]


def test_parameters_are_enumerations_and_booleans_in_any_form(
    sandbox: Sandbox, project: str
) -> None:
    """`True` is how Python's libraries write it, and it means a writer of the sink's own."""
    sinks = f"/logging/v2/projects/{project}/sinks"
    home = f"logging.googleapis.com/{_place('elsewhere')}/buckets/_Default"
    sandbox.call("GET", f"/logging/v2/{_place('elsewhere')}/buckets")  # there from its first use
    body = {"name": "s", "destination": home}

    _, sink = sandbox.call("POST", f"{sinks}?uniqueWriterIdentity=True", body)

    assert "cloud-logs@" not in sink["writerIdentity"]
    rings = f"/cloudkms/v1/{_place(project)}/keyRings"
    sandbox.call("POST", f"{rings}?keyRingId=r", {})
    sandbox.call("POST", f"{rings}/r/cryptoKeys?cryptoKeyId=k", {"purpose": 1})
    versions = f"{rings}/r/cryptoKeys/k/cryptoKeyVersions?{_NUMBERS}&view="
    assert sandbox.call("GET", f"{versions}1")[0] == 200
    assert sandbox.call("GET", f"{versions}7")[0] == 400


@pytest.mark.parametrize(
    ("api", "version", "method", "path", "body"),
    [
        ("networkservices", "v1", "POST", "{global}/meshes?meshId=m", {}),
        ("certificatemanager", "v1", "POST", "{global}/certificateMaps?certificateMapId=m", {}),
        ("gkehub", "v1", "POST", "{global}/memberships?membershipId=m", {}),
        ("gkehub", "v1beta1", "POST", "{global}/memberships?membershipId=n", {}),
        ("privateca", "v1", "POST", "{region}/caPools?caPoolId=p", {"tier": 1}),
        ("serviceusage", "v1", "POST", "projects/{project}/services/dns.googleapis.com:enable", {}),
    ],
)
def test_an_operation_says_only_what_its_message_has(
    sandbox: Sandbox,
    project: str,
    api: str,
    version: str,
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    places = {"global": _place(project), "region": _place(project, "us-central1")}
    target = path.format(**places, project=project)

    done = _done(
        sandbox, f"{api}/{version}", sandbox.call(method, f"/{api}/{version}/{target}", body)
    )

    metadata = done["metadata"]
    known = load(f"{api}.{version}").schemas["OperationMetadata"]["properties"]
    assert metadata.pop("@type").endswith(f".{version}.OperationMetadata")
    assert metadata.keys() <= known.keys()
    assert done["done"] is True


def test_a_resource_in_an_operation_has_only_fields_of_the_version(
    sandbox: Sandbox, project: str
) -> None:
    where, clusters = _place(project, "us-central1"), f"{_place(project, 'us-central1')}/clusters"
    cluster = {"cluster": {"name": "c", "initialNodeCount": 1}}
    assert sandbox.call("POST", f"/container/v1/{clusters}", cluster)[0] == 200
    link = f"//container.googleapis.com/{where}/clusters/c"
    path = f"/gkehub/v1beta1/{_place(project)}/memberships"
    body = {"endpoint": {"gkeCluster": {"resourceLink": link}}}

    done = _done(sandbox, "gkehub/v1beta1", sandbox.call("POST", f"{path}?membershipId=m", body))

    schemas = load("gkehub.v1beta1").schemas
    response = {key: value for key, value in done["response"].items() if key != "@type"}
    assert response.keys() <= schemas["Membership"]["properties"].keys()
    assert response["endpoint"].keys() <= schemas["MembershipEndpoint"]["properties"].keys()
    assert response["endpoint"]["gkeCluster"]["resourceLink"] == link


def test_cloud_run_tells_of_operations_what_the_service_looks_like(
    sandbox: Sandbox, project: str
) -> None:
    services = f"/run/v2/{_place(project, 'us-central1')}/services"
    body = {"template": {"containers": [{"image": "shop"}]}, "ingress": 2, "launchStage": 3}

    made = _done(
        sandbox, "run/v2", sandbox.call("POST", f"{services}?serviceId=s&{_NUMBERS}", body)
    )
    gone = _done(sandbox, "run/v2", sandbox.call("DELETE", f"{services}/s"))

    kind = "type.googleapis.com/google.cloud.run.v2.Service"
    for message in (made["metadata"], made["response"], gone["metadata"], gone["response"]):
        assert message["@type"] == kind
        assert message["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    assert sandbox.call("GET", f"{services}/s")[0] == 404


def test_an_authority_that_goes_answers_with_what_it_was(sandbox: Sandbox, project: str) -> None:
    pools = f"/privateca/v1/{_place(project, 'us-central1')}/caPools"
    sandbox.call("POST", f"{pools}?caPoolId=p", {"tier": "DEVOPS"})
    authority = {
        "type": "SELF_SIGNED",
        "lifetime": "86400s",
        "keySpec": {"algorithm": 4},
        "config": {"x509Config": {"caOptions": {"isCa": True}}},
    }
    path = f"{pools}/p/certificateAuthorities"
    _done(
        sandbox,
        "privateca/v1",
        sandbox.call("POST", f"{path}?certificateAuthorityId=a", authority),
    )

    gone = _done(sandbox, "privateca/v1", sandbox.call("DELETE", f"{path}/a?skipGracePeriod=true"))

    assert gone["response"]["@type"].endswith(".privateca.v1.CertificateAuthority")
    assert gone["response"]["keySpec"] == {"algorithm": "EC_P256_SHA256"}


def test_projects_have_metadata_of_their_own(sandbox: Sandbox, project: str) -> None:
    body = {"projectId": f"{project}-new"}

    made = _done(
        sandbox,
        "cloudresourcemanager/v3",
        sandbox.call("POST", "/cloudresourcemanager/v3/projects", body),
    )
    gone = _done(
        sandbox,
        "cloudresourcemanager/v3",
        sandbox.call("DELETE", f"/cloudresourcemanager/v3/projects/{project}-new"),
    )

    package = "type.googleapis.com/google.cloud.resourcemanager.v3"
    assert made["metadata"]["@type"] == f"{package}.CreateProjectMetadata"
    assert made["metadata"]["ready"] is True
    assert gone["metadata"] == {"@type": f"{package}.DeleteProjectMetadata"}
    assert gone["response"]["state"] == "DELETE_REQUESTED"


def _other_alphabet(token: str) -> str:
    return base64.b64encode(base64.urlsafe_b64decode(token)).decode()


def test_an_etag_is_the_same_in_both_alphabets_of_base64(
    sandbox: Sandbox, google: GoogleClients, project: str
) -> None:
    path = f"/pubsub/v1/projects/{project}/topics/logs"
    sandbox.call("PUT", path, {})
    topics = google("pubsub", "v1").projects().topics()
    name, seen = f"projects/{project}/topics/logs", ""
    while not {"-", "_"} & set(seen):  # each policy gets a new etag: soon one has such a sign
        policy = {"policy": {"bindings": []}}
        seen = topics.setIamPolicy(resource=name, body=policy).execute()["etag"]

    policy = {"bindings": [], "etag": _other_alphabet(seen)}
    status, answer = sandbox.call("POST", f"{path}:setIamPolicy", {"policy": policy})

    assert status == 200, answer
    status, answer = sandbox.call("POST", f"{path}:setIamPolicy", {"policy": policy})
    assert status == 409, answer


@pytest.mark.parametrize("sent", ["fn5-Pz8_", "fn5+Pz8/"])
def test_bytes_are_taken_in_both_alphabets(sandbox: Sandbox, project: str, sent: str) -> None:
    """gcloud writes the URL-safe one."""
    topic, path = f"projects/{project}/topics/logs", f"/pubsub/v1/projects/{project}"
    sandbox.call("PUT", f"{path}/topics/logs", {})
    sandbox.call("PUT", f"{path}/subscriptions/logs", {"topic": topic})

    published = sandbox.call("POST", f"{path}/topics/logs:publish", {"messages": [{"data": sent}]})

    assert published[0] == 200, published
    pulled = sandbox.call("POST", f"{path}/subscriptions/logs:pull", {"maxMessages": 1})[1]
    assert base64.b64decode(pulled["receivedMessages"][0]["message"]["data"]) == b"~~~???"


def test_bytes_that_are_no_base64_are_refused(sandbox: Sandbox, project: str) -> None:
    path = f"/pubsub/v1/projects/{project}/topics/logs"
    sandbox.call("PUT", path, {})

    status, answer = sandbox.call("POST", f"{path}:publish", {"messages": [{"data": "!"}]})

    assert status == 400
    assert "Invalid value at 'messages[0].data' (TYPE_BYTES)" in answer["error"]["message"]


def test_who_saw_another_dataset_cannot_write_over_it(sandbox: Sandbox, project: str) -> None:
    """BigQuery's libraries send the etag that they have read in `If-Match`."""
    path = f"/bigquery/bigquery/v2/projects/{project}/datasets"
    body = {"datasetReference": {"projectId": project, "datasetId": "d"}}
    etag = sandbox.call("POST", path, body)[1]["etag"]

    def patch(description: str) -> int:
        request = urllib.request.Request(
            f"{sandbox.url}{path}/d",
            method="PATCH",
            data=json.dumps({"description": description}).encode(),
            headers={"If-Match": etag},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status
        except HTTPError as error:
            return error.code

    assert [patch("first"), patch("second")] == [200, 412]
    assert sandbox.call("GET", f"{path}/d")[1]["description"] == "first"
