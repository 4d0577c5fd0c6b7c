"""What must hold for every API method that the platform's resources use."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from meshwright_sandbox import coverage
from meshwright_sandbox.core.discovery import load
from meshwright_sandbox.services import all_services
from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import finish


def version_and_method(name: str) -> tuple[str, Any]:
    """The version of a method's API, and the method."""
    for version, key in all_services()[name.partition(".")[0]].versions.items():
        if name in load(key).methods:
            return version, load(key).methods[name]
    raise AssertionError(name)


WITH_BODY = [name for name in coverage.needed() if version_and_method(name)[1].request]


def example(pattern: str, project: str) -> str:
    """A value that a path parameter's pattern takes."""
    if "[^/]+" not in pattern:
        return project
    path = pattern.removeprefix("^").removesuffix("$")
    if path.startswith("["):  # Monitoring's services stand below anything: projects, here
        path = path.replace("[^/]+", "projects", 1)
    return path.replace("[^/]+", project)


@pytest.mark.parametrize("name", WITH_BODY)
def test_an_unknown_field_is_refused(google: GoogleClients, project: str, name: str) -> None:
    """Whatever the method, a field that its schema lacks is named in a 400."""
    version, method = version_and_method(name)
    api, *path, verb = name.split(".")
    caller: Any = google(api, version)
    for part in path:
        caller = getattr(caller, part)()
    parameters = {
        key: example(declared.get("pattern", ""), project)
        for key, declared in method.parameters.items()
        if declared.get("location") == "path" or declared.get("required")
    }
    request = getattr(caller, verb)(**parameters, body={"noSuchField": 1})

    with pytest.raises(HttpError) as raised:
        request.execute()

    assert raised.value.status_code == 400
    assert 'Unknown name "noSuchField"' in str(raised.value.reason)


def test_parts_of_load_balancing_are_deleted_in_order(compute: Any, project: str) -> None:
    """A health check stays while a backend service uses it."""
    where = {"project": project}
    operations, checks, backends = (
        compute.globalOperations(),
        compute.healthChecks(),
        compute.backendServices(),
    )
    body = {"name": "hc", "type": "HTTP", "httpHealthCheck": {"port": 80}}
    finish(operations, checks.insert(**where, body=body).execute(), **where)
    link = checks.get(**where, healthCheck="hc").execute()["selfLink"]
    body = {"name": "bs", "loadBalancingScheme": "INTERNAL_SELF_MANAGED", "healthChecks": [link]}
    finish(operations, backends.insert(**where, body=body).execute(), **where)

    with pytest.raises(HttpError, match="already being used by"):
        checks.delete(**where, healthCheck="hc").execute()
    finish(operations, backends.delete(**where, backendService="bs").execute(), **where)
    finish(operations, checks.delete(**where, healthCheck="hc").execute(), **where)

    assert "items" not in checks.list(**where).execute()


def test_addresses_are_given_back(compute: Any, project: str) -> None:
    """A deleted address is gone, regional or global."""
    where = {"project": project, "region": "europe-west4"}
    body = {"name": "ip"}
    made = compute.addresses().insert(**where, body=body).execute()
    finish(compute.regionOperations(), made, **where)
    gone = compute.addresses().delete(**where, address="ip").execute()
    finish(compute.regionOperations(), gone, **where)
    made = compute.globalAddresses().insert(project=project, body=body).execute()
    finish(compute.globalOperations(), made, project=project)
    gone = compute.globalAddresses().delete(project=project, address="ip").execute()
    finish(compute.globalOperations(), gone, project=project)

    assert "items" not in compute.addresses().list(**where).execute()
    assert "items" not in compute.globalAddresses().list(project=project).execute()


def test_a_member_of_an_accounts_policy_must_exist(google: GoogleClients, project: str) -> None:
    """The policy of a service account names accounts that are there."""
    accounts = google("iam", "v1").projects().serviceAccounts()
    body: dict[str, Any] = {"accountId": "nodes-sa", "serviceAccount": {}}
    account = accounts.create(name=f"projects/{project}", body=body).execute()
    member = f"serviceAccount:gone@{project}.iam.gserviceaccount.com"
    binding = {"role": "roles/iam.workloadIdentityUser", "members": [member]}
    with pytest.raises(HttpError, match="does not exist"):
        accounts.setIamPolicy(
            resource=account["name"], body={"policy": {"bindings": [binding]}}
        ).execute()


def test_the_committed_table_lists_every_needed_method() -> None:
    """`sandbox/COVERAGE.md` is the generated form, and nothing in it is unseen."""
    lines = coverage.TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")]
    assert rows[1:] == list(coverage.needed())
    assert "not seen" not in "\n".join(lines)
