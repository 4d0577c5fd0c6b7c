"""The one exception of this package."""


class ToolchainError(Exception):
    """One sentence for the user: what is missing or was refused, and what to do about it."""
