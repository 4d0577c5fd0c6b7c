"""Names: what Google and Kubernetes accept, and how long a name is once it is composed.

A resource's name is `{prefix}-{name}`; it is the composed name that must fit.
Sources: GKE clusters and node pools 40 (https://cloud.google.com/kubernetes-engine/docs/reference/rest),
service accounts 6..30 (https://cloud.google.com/iam/docs/service-accounts-create), projects 6..30,
VPC resources 63 (RFC 1035), Kubernetes labels 63 (RFC 1123), Cloud Run services 49
(https://cloud.google.com/run/docs/deploying).
"""

import re
import unicodedata

CLUSTER_LIMIT = 40
NODE_POOL_LIMIT = 40
SERVICE_ACCOUNT_MIN = 6
SERVICE_ACCOUNT_LIMIT = 30
RESOURCE_LIMIT = 63
LOG_LIMIT = 100
CLOUD_RUN_LIMIT = 49
REVISION_LIMIT = 46
"""Helm takes 53 characters as a release's name, which is `istiod-` and the revision."""

NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
REVISION = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
"""A control plane's revision is a label's value: Istio calls its own after versions, `1-31-1`."""
PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")

KMS_KEY = re.compile(
    r"projects/[a-z0-9:.-]+/locations/[a-z0-9-]+/keyRings/[\w-]{1,63}/cryptoKeys/[\w-]{1,63}"
)
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
"""A token of RFC 9110: names of headers and cookies."""
HTTPS_URL = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[\w.~!$&'()*+,;=:@%/-]*)?")


def compose(prefix: str, name: str) -> str:
    """The name that a resource gets: the stack's prefix, a dash, the spec's name."""
    return f"{prefix}-{name}" if prefix else name


def repair(text: str) -> str:
    """The nearest lawful name, for a `did you mean`; empty when nothing lawful is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "-", plain.lower())
    return re.sub(r"^[0-9-]+", "", plain).strip("-")[:RESOURCE_LIMIT].rstrip("-")


def why_not(text: str, limit: int = RESOURCE_LIMIT) -> tuple[str, str] | None:
    """What is wrong with a name: (rule, fix), or None when nothing is."""
    if not text:
        return "must not be empty", "give it a name such as main"
    if not text.isascii():
        odd = next(character for character in text if not character.isascii())
        rule = f"must be plain ASCII; it has {odd!r} ({unicodedata.name(odd, 'unnamed')})"
    elif len(text) > limit:
        return f"must be at most {limit} characters, this has {len(text)}", "shorten it"
    elif not NAME.fullmatch(text):
        rule = "must be lower-case letters, digits and '-', start with a letter, not end with '-'"
    else:
        return None
    suggestion = repair(text)
    return rule, f"did you mean {suggestion}?" if suggestion else "give it a name such as main"
