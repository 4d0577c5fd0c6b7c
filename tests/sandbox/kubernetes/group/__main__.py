"""One manifest of a namespace, what is in it, and a kind of its own, in no good order."""

import pulumi
import pulumi_kubernetes as kubernetes

config = pulumi.Config()
MANIFEST = """
apiVersion: shop.example.com/v1
kind: Till
metadata: {name: first, namespace: market}
spec: {colour: "%s"}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings, namespace: market}
    data: {currency: EUR}
---
apiVersion: v1
kind: Namespace
metadata: {name: market}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: tills.shop.example.com}
spec:
  group: shop.example.com
  scope: Namespaced
  names: {kind: Till, plural: tills}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""
provider = kubernetes.Provider("cluster", kubeconfig=config.require("kubeconfig"))
password = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "login", "namespace": "market"},
    "stringData": {"password": config.require_secret("password")},
}
group = kubernetes.yaml.v2.ConfigGroup(
    "market",
    yaml=MANIFEST % config.require("colour"),
    objs=[password],
    opts=pulumi.ResourceOptions(provider=provider),
)
# Built by the plugin while it builds the other one.
beside = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "beside", "namespace": "default"},
}
kubernetes.yaml.v2.ConfigGroup(
    "beside",
    objs=[beside],
    resource_prefix="of",
    opts=pulumi.ResourceOptions(provider=provider),
)
if path := config.get("file"):
    kubernetes.yaml.v2.ConfigFile(
        "more",
        file=path,
        skip_await=True,
        opts=pulumi.ResourceOptions(provider=provider, depends_on=[group]),
    )
if chart := config.get("chart"):
    inside = pulumi.ResourceOptions(provider=provider)
    kubernetes.helm.v4.Chart("chart", chart=chart, opts=inside)
