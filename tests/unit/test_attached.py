"""AttachedCluster: what is read from AWS, what is registered, and what is refused."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
import yaml

from meshwright import ArgumentError, AttachedCluster, AttachedClusterArgs
from tests.aws import REGION, aws, make_eks_cluster
from tests.unit.recording import component_test, record

_ISSUER = "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/"


@pytest.fixture(scope="module")
def eks() -> Iterator[dict[str, Any]]:
    """An EKS cluster `shop` at moto's server, as AWS describes it."""
    with aws():
        yield make_eks_cluster("shop", "1.36")


def _args(**more: object) -> AttachedClusterArgs:
    return {
        "project": "p1",
        "location": "europe-west1",
        "fleet_project_number": "42",
        "distribution": "aks",
        "platform_version": "1.36.0-gke.1",
        **more,
    }  # type: ignore[typeddict-item]


def _eks_args(**more: object) -> AttachedClusterArgs:
    return _args(**{"distribution": "eks", "eks": {"name": "shop", "region": REGION}} | more)


def test_an_eks_cluster_is_described_by_aws(eks: dict[str, Any]) -> None:
    """Issuer and endpoint are AWS's; administrators and telemetry are set up."""
    recorder = record()

    @component_test
    def attach():
        cluster = AttachedCluster("eks", _eks_args(admin_users=["ann@example.com"], prefix="dev"))

        def check(values):
            assert values == [eks["identity"]["oidc"]["issuer"], eks["endpoint"], "1.36.0-gke"]
            made = recorder.one("AttachedCluster", "eks-cluster").inputs
            assert made["name"] == "dev-eks"
            assert made["oidcConfig"] == {"issuerUrl": eks["identity"]["oidc"]["issuer"]}
            assert made["fleet"] == {"project": "projects/42"}
            assert made["authorization"] == {"adminUsers": ["ann@example.com"]}
            logged = made["loggingConfig"]["componentConfig"]["enableComponents"]
            assert logged == ["SYSTEM_COMPONENTS", "WORKLOADS"]
            assert made["monitoringConfig"] == {"managedPrometheusConfig": {"enabled": True}}
            assert "deletionPolicy" not in made

        return (
            pulumi.Output.all(cluster.issuer_url, cluster.endpoint, cluster.kubernetes_version),
            check,
        )

    attach()


@component_test
def test_a_cluster_of_another_cloud_is_described_by_its_issuer():
    """Nothing is read anywhere; the way in is the Connect gateway."""
    recorder = record()
    keys = '{"keys": [{"kty": "RSA"}]}'

    cluster = AttachedCluster(
        "aks",
        _args(
            issuer_url=_ISSUER,
            jwks=keys,
            kubernetes_version="1.36",
            binary_authorization=True,
            ignore_errors_on_destroy=True,
        ),
    )

    def check(values):
        membership = "projects/42/locations/global/memberships/aks"
        assert values[:3] == [membership, "aks", ""]
        server = yaml.safe_load(values[3])["clusters"][0]["cluster"]["server"]
        assert server == f"https://connectgateway.googleapis.com/v1/{membership}"
        made = recorder.one("AttachedCluster", "aks-cluster").inputs
        assert made["oidcConfig"]["issuerUrl"] == _ISSUER
        assert json.loads(base64.b64decode(made["oidcConfig"]["jwks"])) == json.loads(keys)
        assert made["binaryAuthorization"]["evaluationMode"] == "PROJECT_SINGLETON_POLICY_ENFORCE"
        assert made["deletionPolicy"] == "DELETE_IGNORE_ERRORS"
        assert "aks-api" in recorder.one("AttachedCluster", "aks-cluster").depends_on

    outputs = (cluster.membership, cluster.membership_id, cluster.endpoint, cluster.kubeconfig)
    return pulumi.Output.all(*outputs), check


@component_test
def test_the_install_agent_comes_before_the_attachment():
    """With the cluster's own credentials, and what Google's API says has to be applied."""
    recorder = record()

    cluster = AttachedCluster("aks", _args(issuer_url=_ISSUER, kubeconfig="{}", prefix="dev"))

    def check(_):
        agent = recorder.one("ConfigGroup").inputs
        assert agent["yaml"] == "manifest of dev-aks for 1.36.0-gke.1"
        assert agent["resourcePrefix"] == "aks"
        assert recorder.one("ConfigGroup").provider == "aks-access"
        assert "aks-install-agent" in recorder.one("AttachedCluster", "aks-cluster").depends_on

    return cluster.membership, check


def _failure(args: AttachedClusterArgs) -> str:
    """Text of the error that the program ends with; nothing was registered until then."""
    recorder = record()
    with pytest.raises(pulumi.RunError) as raised:
        AttachedCluster("eks", args)
    assert recorder.registrations == []
    return str(raised.value)


def test_a_cluster_that_is_named_later_is_read_later(eks: dict[str, Any]) -> None:
    """Its name may come from another resource, or another stack."""
    recorder = record()

    @component_test
    def attach():
        later = {"name": pulumi.Output.from_input("shop"), "region": REGION}
        cluster = AttachedCluster("eks", _eks_args(eks=later))

        def check(issuer):
            assert issuer == eks["identity"]["oidc"]["issuer"]
            assert recorder.one("AttachedCluster", "eks-cluster").inputs["oidcConfig"] == {
                "issuerUrl": issuer
            }

        return cluster.issuer_url, check

    attach()


def test_a_cluster_that_aws_does_not_know_is_named(eks: dict[str, Any]) -> None:
    """The error says which cluster was looked for, and where."""
    args = _eks_args(eks={"name": "absent", "region": REGION})

    text = _failure(args)

    assert "'absent' in eu-central-1" in text
    assert "check `eks.name` and `eks.region`" in text


def test_an_unreachable_aws_is_a_sentence(
    eks: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a traceback of the client library."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    assert "cannot be read: Could not connect" in _failure(_eks_args())


def test_a_missing_boto3_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)

    assert "meshwright[eks]" in _failure(_eks_args())


def test_a_platform_version_follows_the_cluster(
    eks: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google's components are for one Kubernetes version, which AWS tells: a newer one is refused,
    an older one is warned of, since the cluster is upgraded first.
    """
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text: warnings.append(text))

    text = _failure(_eks_args(platform_version="1.37.0-gke.1"))
    assert "platform_version: 1.37.0-gke.1 is for a newer" in text
    assert "choose one that begins with 1.36" in text
    assert warnings == []
    record()
    AttachedCluster("eks", _eks_args(platform_version="1.35.0-gke.1"))
    assert "move it to one that begins with 1.36" in warnings[0]


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({}, "issuer_url", "neither is given"),
        ({"issuer_url": "http://i"}, "issuer_url", "https://"),
        ({"issuer_url": _ISSUER, "jwks": "[]"}, "jwks", "JSON Web Key Set"),
        ({"issuer_url": _ISSUER, "distribution": "ekss"}, "distribution", "did you mean 'eks'"),
        ({"eks": {"name": "shop", "region": REGION}}, "eks", "only a cluster of distribution eks"),
        ({"eks": {"name": "shop"}, "distribution": "eks"}, "eks.region", "missing"),
        ({"issuer_url": _ISSUER, "platform_version": "1.36"}, "platform_version", "full version"),
        ({"issuer_url": _ISSUER, "kubernetes_version": "new"}, "kubernetes_version", "version"),
        ({"issuer_url": _ISSUER, "location": "europe-west1-b"}, "location", "region"),
        (
            {"issuer_url": _ISSUER, "fleet_project_number": "p1"},
            "fleet_project_number",
            "not its id",
        ),
        (
            {"issuer_url": _ISSUER, "admin_users": ["a@b.c", "a@b.c"]},
            "admin_users",
            "named twice",
        ),
        (
            {"issuer_url": _ISSUER, "admin_groups": [f"{n}@b.c" for n in range(11)]},
            "admin_groups",
            "at most 10",
        ),
        (
            {"issuer_url": _ISSUER, "logging_components": ["ALL"]},
            "logging_components[0]",
            "SYSTEM_COMPONENTS",
        ),
        ({"issuer_url": _ISSUER, "prefix": "UP"}, "name", "lower-case"),
    ],
)
def test_wrong_arguments_are_refused(change, path, says):
    """The error names the argument and its mend, before anything is read or registered."""
    record()

    with pytest.raises(ArgumentError) as raised:
        AttachedCluster("aks", _args(**change))

    assert says in dict(raised.value.problems)[path]
