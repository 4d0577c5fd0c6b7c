"""The names that the plugin gives, as the official one gives them."""

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from meshwright_sandbox.plugins.values import decode
from tests.sandbox.kubernetes.harness import KubernetesPlugin

pytestmark = pytest.mark.cluster

MODES = provider_pb2.CheckRequest.AutonamingOptions


def test_a_name_to_be_generated_by_the_api_is_refused(plugin: KubernetesPlugin) -> None:
    with pytest.raises(grpc.RpcError, match=r"metadata\.generateName cannot be applied"):
        plugin.check("core/v1:ConfigMap", {"metadata": {"generateName": "migrate-"}})


def test_a_name_is_made_of_the_resources_as_it_stands(plugin: KubernetesPlugin) -> None:
    checked = decode(plugin.check("core/v1:ConfigMap", {}, name="Shop").inputs)

    assert checked["metadata"]["name"].startswith("Shop-")
    with pytest.raises(grpc.RpcError, match="RFC 1123"):
        plugin.create(checked, preview=True)


def test_the_projects_naming_decides(plugin: KubernetesPlugin) -> None:
    proposed = {"mode": MODES.PROPOSE, "proposed_name": "thing-of-prod"}

    checked = decode(plugin.check("core/v1:ConfigMap", {}, autonaming=proposed).inputs)

    assert checked["metadata"]["name"] == "thing-of-prod"
    with pytest.raises(grpc.RpcError, match="switched automatic names off"):
        plugin.check("core/v1:ConfigMap", {}, autonaming={"mode": MODES.DISABLE})
    named = {"metadata": {"name": "settings"}}
    assert not plugin.check("core/v1:ConfigMap", named, autonaming={"mode": MODES.DISABLE}).failures
