"""A Service that every cluster of the fleet may call."""

import pulumi

from meshwright import ServiceExport

cart = ServiceExport("cart", {"namespace": "shop", "service": "cart"})
pulumi.export("service", cart.service)
