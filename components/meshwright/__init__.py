# pyright: basic
# lazy_loader carries no annotations; what type checkers see of this package is __init__.pyi.
"""Components for a service-mesh platform on Google Cloud."""

import lazy_loader

# The names stand in __init__.pyi. Each is loaded when it is first used, and with it its module and
# the resource types of that: a program pays for what it builds with.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
