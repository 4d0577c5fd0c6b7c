"""A namespace that is in the mesh and closed, in the cluster that kubectl uses."""

import pulumi

from meshwright import MeshNamespace

shop = MeshNamespace("shop", {"ingress_from": ["shop-ingress"], "egress_hosts": ["payments/*"]})
pulumi.export("namespace", shop.namespace)
