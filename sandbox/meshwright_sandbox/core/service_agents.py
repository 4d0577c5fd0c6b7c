"""Service agents: the accounts by which Google's own services act in a project.

The addresses are those of the public list of service agents. An agent exists once its API is
enabled or its identity was generated; until then IAM refuses it, as it does any unknown account.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Cloud

API_SUFFIX = ".googleapis.com"
# API -> domain of its agent; the user part is `service-<project number>`.
AGENTS = {
    "anthosconfigmanagement": "gcp-sa-anthosconfigmanagement",
    "cloudkms": "gcp-sa-cloudkms",
    "compute": "compute-system",
    "container": "container-engine-robot",
    "gkehub": "gcp-sa-gkehub",
    "gkeonprem": "gcp-sa-gkeonprem",
    "logging": "gcp-sa-logging",
    "mesh": "gcp-sa-servicemesh",
    "meshca": "gcp-sa-meshca",
    "meshconfig": "gcp-sa-servicemesh",
    "monitoring": "gcp-sa-monitoring-notification",
    "multiclusteringress": "gcp-sa-multiclusteringress",
    "multiclusterservicediscovery": "gcp-sa-mcsd",
    "networkservices": "gcp-sa-networkservices",
    "privateca": "gcp-sa-privateca",
    "pubsub": "gcp-sa-pubsub",
    "run": "serverless-robot-prod",
}
# Services that act by accounts of another form; these exist in every project.
_ACCOUNTS = {
    "bigquery": "bq-{}@bigquery-encryption.iam.gserviceaccount.com",
    "logging": "cmek-p{}@gcp-sa-logging.iam.gserviceaccount.com",
    "storage": "service-{}@gs-project-accounts.iam.gserviceaccount.com",
}
OWN_DOMAINS = ("bigquery-encryption", "gs-project-accounts")
_AGENT = re.compile(r"service-(\d+)@([a-z0-9-]+)\.iam\.gserviceaccount\.com")


def agent_email(api: str, number: str) -> str:
    """Address of an API's service agent in the project with that number."""
    short = api.removesuffix(API_SUFFIX)
    return f"service-{number}@{AGENTS.get(short, f'gcp-sa-{short}')}.iam.gserviceaccount.com"


def service_account(api: str, number: str) -> str:
    """Address of the account by which a service encrypts what it keeps for a project."""
    return _ACCOUNTS[api].format(number) if api in _ACCOUNTS else agent_email(api, number)


def identity_name(project: str, email: str) -> str:
    """Where a generated identity is kept."""
    return f"projects/{project}/serviceIdentities/{email}"


def agent_exists(cloud: "Cloud", email: str) -> bool:
    """Whether an agent's address is known; addresses of agents not listed here always are."""
    match = _AGENT.fullmatch(email)
    apis = [api for api, domain in AGENTS.items() if match and domain == match[2]]
    if not match or not apis:
        return True
    project = cloud.projects.id(match[1])
    enabled = cloud.projects.enabled(project)
    if any(f"{api}{API_SUFFIX}" in enabled for api in apis):
        return True
    return cloud.store.get("serviceusage", identity_name(project, email)) is not None
