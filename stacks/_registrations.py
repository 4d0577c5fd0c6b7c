"""Waits for a program's resources, all at once.

The SDK itself waits for what is outstanding one by one, and looks at all of it again after each:
`wait_for_rpcs` in pulumi/runtime/stack.py. For 100 services that was half of the program's time,
and it grows by the square. What is waited for here is there when the SDK's turn comes.
"""

import asyncio

import pulumi


class Registrations:
    """The resources that a program makes from now on."""

    def __init__(self) -> None:
        self._made: list[pulumi.Resource] = []
        # In-process, unlike a transform, which the engine would call back for.
        pulumi.runtime.register_stack_transformation(self._note)

    def _note(self, args: pulumi.ResourceTransformationArgs) -> None:
        self._made.append(args.resource)

    async def answered(self) -> None:
        """Wait until the engine knows every resource, or refuses one, which the SDK reports."""
        known = 0
        while known < len(self._made):
            new = self._made[known:]
            known = len(self._made)
            # What failed while it was made has no URN.
            urns = [resource.urn for resource in new if hasattr(resource, "urn")]
            asked = [asyncio.ensure_future(urn.future()) for urn in urns]
            if not asked:
                continue
            done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_EXCEPTION)
            if any(answer.exception() for answer in done):
                return
