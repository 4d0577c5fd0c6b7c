"""Google's control plane for proxies outside of clusters: meshes of the service routing API."""
