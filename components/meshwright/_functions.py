"""Functions of the gcp provider, asked so that a refusal is told without a traceback."""

from collections.abc import Mapping
from importlib import metadata
from typing import Any

import pulumi


def asked(
    question: str, token: str, inputs: Mapping[str, pulumi.Input[str]], parent: pulumi.Resource
) -> pulumi.Output[Any]:
    """What a function answers, once all that its inputs come from is there.

    A refusal is `question` and its reason. The SDK's own outputs of functions end in plain
    exceptions, which the engine prints with the whole way that they came; of a RunError it prints
    the text.
    """
    options = pulumi.InvokeOptions(parent=parent, version=metadata.version("pulumi-gcp"))

    async def answer(known: dict[str, Any]) -> Any:
        try:
            return await pulumi.runtime.invoke_async(token, known, options)
        except Exception as refusal:
            reason = str(refusal).rpartition("returned an error: ")[2]
            raise pulumi.RunError(f"{question} could not be read: {reason}") from None

    there: pulumi.Output[dict[str, Any]]
    there = pulumi.Output.from_input(_once_made(pulumi.Output.all(**inputs)))
    return there.apply(answer)


async def _once_made(inputs: pulumi.Output[dict[str, Any]]) -> Any:
    """The inputs, unknown while a resource that they come from has still to be made."""
    sources = await inputs.resources()
    # A reference to a resource of another program has a URN alone.
    made = [source for source in sources if isinstance(source, pulumi.CustomResource)]
    ids = [source.id for source in made if "id" in vars(source)]

    def first(values: list[Any]) -> dict[str, Any]:
        return values[0]

    return pulumi.Output.all(inputs, *ids).apply(first)
