"""Projects: ids and numbers, creation on first use, and which APIs each has enabled."""

import hashlib
import re
from typing import TYPE_CHECKING, Any

from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.stamps import now

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Cloud

RESOURCE_MANAGER = "cloudresourcemanager"
SERVICE_USAGE = "serviceusage"
# API -> APIs that are switched on with it, and that it cannot do without.
DEPENDENCIES = {"container.googleapis.com": ("compute.googleapis.com",)}
# https://cloud.google.com/resource-manager/docs/creating-managing-projects#before_you_begin
ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
ABSENT_PREFIX = "missing-"
# What a new project has switched on, as the real cloud does it.
ENABLED_BY_DEFAULT = (
    "bigquery",
    "cloudapis",
    "cloudbilling",
    "cloudresourcemanager",
    "cloudtrace",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "servicemanagement",
    "serviceusage",
    "storage",
    "storage-api",
    "storage-component",
)


class Projects:
    """The projects of the emulated cloud.

    Args:
        cloud: where they are stored.
        default: id of the sandbox's own project.
        default_number: its number.
    """

    def __init__(self, cloud: "Cloud", default: str, default_number: int) -> None:
        self._cloud = cloud
        self._numbers: dict[str, str] = {default: str(default_number)}
        self._ids: dict[str, str] = {str(default_number): default}
        for row in cloud.store.of_type(RESOURCE_MANAGER, "projects"):
            self._remember(row.doc["projectId"], row.doc["_number"])

    def _remember(self, project: str, number: str) -> None:
        self._numbers[project] = number
        self._ids[number] = project

    def number(self, project: str) -> str:
        """The number of a project id; stable, so that a fresh sandbox gives the same."""
        if project not in self._numbers:
            digest = hashlib.sha256(project.encode()).digest()
            self._remember(project, str(10**11 + int.from_bytes(digest[:8], "big") % (9 * 10**11)))
        return self._numbers[project]

    def id(self, id_or_number: str) -> str:
        """The id of a project that is named by either."""
        return self._ids.get(id_or_number, id_or_number)

    def exists(self, project: str) -> bool:
        """Whether the project is there; any is, once used, except `missing-...` and numbers."""
        return not (project.startswith(ABSENT_PREFIX) or project.isdigit())

    def ensure(self, project: str) -> None:
        """Create a project that is used for the first time, with what the cloud brings.

        Raises:
            ApiError: 403 for a project that does not exist, as the real APIs say it.
        """
        if not self.exists(project):
            raise ApiError(
                403,
                f"Permission denied on resource project {project}.",
                details=[
                    {
                        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                        "reason": "CONSUMER_INVALID",
                        "domain": "googleapis.com",
                        "metadata": {"consumer": f"projects/{project}"},
                    }
                ],
            )
        store, name = self._cloud.store, f"projects/{project}"
        if store.get(RESOURCE_MANAGER, name) is not None:
            return
        document = {
            "projectId": project,
            "displayName": project,
            "state": "ACTIVE",
            "createTime": now(),
            "_number": self.number(project),
        }
        with store.transaction():
            store.put(
                RESOURCE_MANAGER, name, document, type_="projects", project=project, system=True
            )
            for api in ENABLED_BY_DEFAULT:
                self.enable(project, f"{api}.googleapis.com")
            for service in self._cloud.services.values():
                if service.seed:
                    service.seed(self._cloud, project)

    def enable(self, project: str, api: str) -> None:
        """Switch an API on, e.g. `container.googleapis.com`, with those it depends on."""
        for name in (*DEPENDENCIES.get(api, ()), api):
            self._cloud.store.put(
                SERVICE_USAGE,
                f"projects/{project}/services/{name}",
                {"state": "ENABLED"},
                type_="services",
                project=project,
                system=True,
            )

    def dependents(self, project: str, api: str) -> list[str]:
        """Enabled APIs that cannot do without this one."""
        enabled = self.enabled(project)
        return [name for name, needs in DEPENDENCIES.items() if api in needs and name in enabled]

    def disable(self, project: str, api: str) -> None:
        """Switch an API off."""
        self._cloud.store.delete(SERVICE_USAGE, f"projects/{project}/services/{api}")

    def enabled(self, project: str) -> list[str]:
        """APIs that are switched on, sorted."""
        rows = self._cloud.store.children(SERVICE_USAGE, f"projects/{project}/services")
        return [row.name.rpartition("/")[2] for row in rows]

    def require(self, project: str, service: str) -> None:
        """Refuse a call to an API that the project has not enabled.

        Raises:
            ApiError: 403 SERVICE_DISABLED.
        """
        api = f"{service}.googleapis.com"
        if self._cloud.store.get(SERVICE_USAGE, f"projects/{project}/services/{api}") is None:
            raise _disabled(api, self.number(project))


def _disabled(api: str, number: str) -> ApiError:
    url = f"https://console.developers.google.com/apis/api/{api}/overview?project={number}"
    details: list[dict[str, Any]] = [
        {
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [{"description": "Google developers console API activation", "url": url}],
        },
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com",
            "metadata": {"service": api, "consumer": f"projects/{number}"},
        },
    ]
    return ApiError(
        403,
        f"{api} has not been used in project {number} before or it is disabled. Enable it by "
        f"visiting {url} then retry. If you enabled this API recently, wait a few minutes for the "
        "action to propagate to our systems and retry.",
        reason="accessNotConfigured",
        details=details,
    )
