"""The plugin ``pulumi-resource-meshwright``: the package ``meshwright`` for other languages.

It stands beside that package, not in it, so that starting the plugin does not import every
component and with them the large SDKs that they use.
"""
