"""Where each emulated API is served, and by which variables clients are pointed at it.

The one table of prefixes: the server mounts its services by it, and the environment of a shell
(`meshwright sandbox env`) is made from it.
"""

from dataclasses import dataclass

# AWS stands beside the services of Google.
AWS_PREFIX = "/aws"


@dataclass(frozen=True)
class Endpoint:
    """One API's place on the sandbox's port.

    Attributes:
        prefix: first segment of the path.
        google: variable of the official Pulumi/Terraform provider -> path its value ends with.
        gcloud: variable of `gcloud` -> path its value ends with.
    """

    prefix: str
    google: dict[str, str]
    gcloud: dict[str, str]

    def variables(self, base_url: str) -> dict[str, str]:
        """Environment variables that redirect clients of this API to `base_url`."""
        return {
            name: f"{base_url.rstrip('/')}/{self.prefix}/{path}"
            for name, path in (self.google | self.gcloud).items()
        }


def _endpoint(prefix: str, google: dict[str, str], gcloud: dict[str, str]) -> Endpoint:
    return Endpoint(
        prefix,
        {f"GOOGLE_{name}_CUSTOM_ENDPOINT": path for name, path in google.items()},
        {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": path for name, path in gcloud.items()},
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    _endpoint("bigquery", {"BIG_QUERY": "bigquery/v2/"}, {"BIGQUERY": "bigquery/v2/"}),
    _endpoint("certificatemanager", {"CERTIFICATE_MANAGER": "v1/"}, {"CERTIFICATEMANAGER": ""}),
    _endpoint("cloudbilling", {"CLOUD_BILLING": "v1/"}, {"CLOUDBILLING": ""}),
    _endpoint("cloudkms", {"KMS": "v1/"}, {"CLOUDKMS": ""}),
    _endpoint(
        "cloudresourcemanager",
        {
            "RESOURCE_MANAGER": "v1/",
            "RESOURCE_MANAGER_V3": "v3/",
        },
        {"CLOUDRESOURCEMANAGER": ""},
    ),
    _endpoint("compute", {"COMPUTE": "compute/v1/"}, {"COMPUTE": "compute/v1/"}),
    _endpoint(
        "container",
        {"CONTAINER": "v1beta1/", "CONTAINER_BETA": "v1beta1/"},
        {"CONTAINER": ""},
    ),
    _endpoint("gkehub", {"GKE_HUB": "v1/", "GKE_HUB2": "v1/"}, {"GKEHUB": ""}),
    _endpoint("gkemulticloud", {"CONTAINER_ATTACHED": "v1/"}, {"GKEMULTICLOUD": ""}),
    _endpoint("gkeonprem", {"GKEONPREM": "v1/"}, {"GKEONPREM": ""}),
    _endpoint("iam", {"IAM_BETA": "v1/", "IAM": "v1/", "IAM2": "v2/"}, {"IAM": ""}),
    _endpoint("logging", {"LOGGING": "v2/"}, {"LOGGING": ""}),
    _endpoint("monitoring", {"MONITORING": ""}, {"MONITORING": ""}),
    _endpoint("networkservices", {"NETWORK_SERVICES": "v1/"}, {"NETWORKSERVICES": ""}),
    _endpoint("privateca", {"PRIVATECA": "v1/"}, {"PRIVATECA": ""}),
    _endpoint("pubsub", {"PUBSUB": "v1/"}, {"PUBSUB": ""}),
    _endpoint("run", {"CLOUD_RUN_V2": "v2/"}, {"RUN": ""}),
    _endpoint("serviceusage", {"SERVICE_USAGE": "v1/"}, {"SERVICEUSAGE": ""}),
    _endpoint("storage", {"STORAGE": "storage/v1/"}, {"STORAGE": "storage/v1/"}),
)
