"""The Logging query language, as `entries.list` evaluates it and sinks are checked by it."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.log_entries import Logs
from tests.sandbox.server import Sandbox, client, enable_apis

PROXY, APP, AUDIT = "proxy", "app", "audit"
ENTRIES: dict[str, dict[str, Any]] = {
    PROXY: {
        "severity": "INFO",
        "timestamp": "2024-11-21T10:00:00.5Z",
        "labels": {"k8s-pod/app": "web"},
        "httpRequest": {
            "requestMethod": "GET",
            "status": 403,
            "remoteIp": "10.1.2.3",
            "latency": "1.5s",
            "requestSize": "300",
        },
        "jsonPayload": {
            "path": "/Cart",
            "count": 5,
            "secure": True,
            "hosts": ["a.example.com", "b.example.com"],
            "peer": {"name": "teller"},
            "nothing": None,
        },
    },
    APP: {
        "severity": "ERROR",
        "timestamp": "2024-11-21T11:00:00Z",
        "resource": {"type": "k8s_container", "labels": {"container_name": "app"}},
        "textPayload": 'The cat in the "hat"',
    },
    AUDIT: {
        "severity": "NOTICE",
        "timestamp": "2024-11-22T00:00:00Z",
        "logName": "projects/{}/logs/cloudaudit.googleapis.com%2Factivity",
        "resource": {"type": "k8s_cluster", "labels": {}},
        "protoPayload": {"@type": "type.googleapis.com/x", "methodName": "create"},
    },
}
# What a query finds of them, by the rules of the language's reference.
QUERIES: dict[str, set[str]] = {
    "": {PROXY, APP, AUDIT},
    "-- a comment\n": {PROXY, APP, AUDIT},
    'resource.type="k8s_container" AND resource.labels.container_name="istio-proxy"': {PROXY},
    'logName:"cloudaudit.googleapis.com" OR resource.type="k8s_cluster"': {AUDIT},
    'log_id("cloudaudit.googleapis.com/activity")': {AUDIT},
    'NOT LOG_ID("cloudaudit.googleapis.com/activity")': {PROXY, APP},
    # case counts for nobody but regular expressions
    "resource.type=K8S_Cluster": {AUDIT},
    "jsonPayload.path=/cart": {PROXY},
    'jsonPayload.path=~"cart"': set(),
    'jsonPayload.path=~"(?i)cart$"': {PROXY},
    'jsonPayload.path!~"cart"': {PROXY},
    # severities are ordered
    "severity>=NOTICE": {APP, AUDIT},
    "severity>NOTICE": {APP},
    "severity<400": {PROXY, AUDIT},
    "severity=(ERROR OR NOTICE)": {APP, AUDIT},
    "severity=(NOT ERROR)": {PROXY, AUDIT},
    # AND is weaker than OR, and may be left out
    "severity=ERROR OR severity=INFO AND severity=INFO": {PROXY},
    "severity=ERROR OR severity=INFO severity=INFO": {PROXY},
    "severity=ERROR OR (severity=INFO AND severity=INFO)": {PROXY, APP},
    "NOT severity=ERROR OR severity=ERROR": {PROXY, APP, AUDIT},
    "-severity=ERROR": {PROXY, AUDIT},
    # values are compared as their field is
    "httpRequest.status>=400 httpRequest.status<500": {PROXY},
    "httpRequest.requestSize>99": {PROXY},
    "httpRequest.latency>=1500ms": {PROXY},
    "jsonPayload.count>4.5": {PROXY},
    "jsonPayload.secure=TRUE": {PROXY},
    "jsonPayload.nothing=NULL_VALUE": {PROXY},
    'timestamp>="2024-11-22"': {AUDIT},
    'timestamp<"2024-11-21T11:00:00+01:00"': set(),
    'timestamp<="2024-11-21T11:00:00.5+01:00"': {PROXY},
    # what a type declares has a default, what a payload or a label lacks is in no comparison
    "httpRequest.status=0": {APP, AUDIT},
    "httpRequest.status:*": {PROXY},
    'trace=""': {PROXY, APP, AUDIT},
    'jsonPayload.absent!="x"': set(),
    'NOT jsonPayload.absent="x"': {PROXY, APP, AUDIT},
    "jsonPayload.nothing:*": set(),
    # paths, lists, and anything inside
    'labels."k8s-pod/app"=web': {PROXY},
    'labels."k8s-pod/app":*': {PROXY},
    'labels:"k8s-pod/app"': {PROXY},
    "jsonPayload.hosts=b.example.com": {PROXY},
    "jsonPayload.peer.name:ell": {PROXY},
    "jsonPayload:teller": {PROXY},
    "protoPayload.methodName=create": {AUDIT},
    '"cat IN the"': {APP},
    "hat": {APP},
    r'textPayload:"the \"hat\""': {APP},
    r'textPayload=~"the \"h\w+\"$"': {APP},
    # functions
    'ip_in_net(httpRequest.remoteIp, "10.1.0.0/16")': {PROXY},
    'ip_in_net(httpRequest.remoteIp, "10.2.0.0/16")': set(),
    "sample(insertId, 1)": {PROXY, APP, AUDIT},
    "sample(insertId, 0)": set(),
}
REFUSED: dict[str, str] = {
    "severity>=": "syntax error at end of input",
    "(severity=ERROR": "syntax error at end of input",
    "severity=ERROR)": r"line 1, column 15, token '\)'",
    "severity==ERROR": "line 1, column 10, token '='",
    "insertId = abc:def": "line 1, column 15, token ':'",
    'textPayload="open': "token '\"'",
    "thud=1": "Field not found: 'thud'",
    "operation.thud=1": "Field not found: 'operation.thud'",
    "severity=LOUD": "'LOUD'",
    "httpRequest.status=many": "'many'",
    'timestamp>"yesterday"': "'yesterday'",
    'resource="x"': r"has operator \(:\)",
    'httpRequest.status=~"5.."': "regular expressions are for texts",
    "textPayload=~abc": "must be in double quotes",
    'textPayload=~"(?=a)"': "invalid perl operator",
    'SEARCH("cat")': "'SEARCH' is not evaluated",
    'regexp_extract(textPayload, "c(at)")="at"': "'regexp_extract' is not evaluated",
    "sample(insertId)": "wrong arguments of 'sample'",
    'ip_in_net(httpRequest.remoteIp, "10.1.0.0/64")': "wrong arguments of 'ip_in_net'",
    'log_id("x")="y"': "'log_id' is a test by itself",
    f'textPayload="{"x" * 20_000}"': "longer than 20000",
}


@pytest.fixture(scope="module")
def logs(sandbox: Sandbox) -> Logs:
    """Three entries of one project."""
    project = "queried-logs"
    enable_apis(sandbox, project)
    logs = Logs(lambda api, version: client(sandbox.url, api, version), project)
    entries = [{"insertId": name} | entry for name, entry in ENTRIES.items()]
    entries[2]["logName"] = entries[2]["logName"].format(project)
    logs.write(*entries)
    return logs


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: str(query)[:40])
def test_a_query_finds_what_it_says(logs: Logs, query: str) -> None:
    assert set(logs.found(query)) == QUERIES[query]


@pytest.mark.parametrize("query", REFUSED, ids=lambda query: str(query)[:40])
def test_what_cannot_be_evaluated_is_refused(logs: Logs, query: str) -> None:
    """By its name, in the shape of the API's errors, before anything is read."""
    with pytest.raises(HttpError, match=REFUSED[query]) as raised:
        logs.read(query)
    assert raised.value.status_code == 400
    assert "Unparseable filter" in str(raised.value.reason)


def test_sinks_exclusions_and_views_are_refused_with_such_a_query(logs: Logs) -> None:
    """Nothing is made that could never route, leave out or show anything."""
    bucket = logs.bucket("checked")
    query = 'SEARCH("cat")'
    projects = logs.api.projects()
    destination = f"logging.googleapis.com/{bucket}"
    with pytest.raises(HttpError, match="'SEARCH' is not evaluated"):
        logs.sink(destination, filter=query)
    with pytest.raises(HttpError, match="'SEARCH' is not evaluated"):
        logs.sink(destination, exclusions=[{"name": "noise", "filter": query}])
    with pytest.raises(HttpError, match="must not be empty"):
        logs.sink(destination, exclusions=[{"name": "noise", "filter": ""}])
    exclusion = {"name": "noise", "filter": query}
    made = projects.exclusions().create(parent=f"projects/{logs.project}", body=exclusion)
    views = projects.locations().buckets().views()
    view = views.create(parent=bucket, viewId="mine", body={"filter": query})
    for request in (made, view):
        with pytest.raises(HttpError, match="'SEARCH' is not evaluated"):
            request.execute()
    sink = logs.sink(destination)
    assert sink["name"] == "mesh"
    with pytest.raises(HttpError, match="'SEARCH' is not evaluated"):
        projects.sinks().patch(
            sinkName=sink["resourceName"], updateMask="filter", body={"filter": query}
        ).execute()


def test_a_sample_is_a_share_and_always_the_same(logs: Logs) -> None:
    """Of 400 entries a quarter, give or take six times the spread, and the same ones again."""
    logs.write(*({"textPayload": "x", "insertId": f"s{n}"} for n in range(400)), log="sampled")
    query = 'log_id("sampled") AND sample(insertId, 0.25)'
    first = {entry["insertId"] for entry in logs.read(query, pageSize=1000)}
    assert 48 <= len(first) <= 152
    assert {entry["insertId"] for entry in logs.read(query, pageSize=1000)} == first
