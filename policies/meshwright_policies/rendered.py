"""Which components have shown the Kubernetes objects that they render from a chart or a manifest.

They render nothing while their inputs are not known. The engine tells whose child a resource is by
the type alone, so that one component of a type speaks for all of it.
"""

import re
from collections.abc import Iterable

from meshwright_policies.rule import Resource

_COMPONENT = re.compile(
    r"kubernetes:(helm\.sh/v[34]:Chart|yaml(/v2)?:Config(File|Group)|kustomize(/v2)?:Directory)$"
)


def types_of_parents(resources: Iterable[Resource]) -> set[str]:
    """The types of components that have children among the resources."""
    return {
        parent
        for item in resources
        for types in item.urn.split("::")[2:3]
        for parent in types.split("$")[:-1]
    }


def unrendered(resources: list[Resource]) -> bool:
    """Whether a chart or a manifest has shown none of its objects."""
    rendered = types_of_parents(resources)
    return any(_COMPONENT.match(item.type) and item.type not in rendered for item in resources)
