"""The rules of Compute Engine's networking, one module for each kind of resource."""
