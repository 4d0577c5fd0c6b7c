"""Binary Authorization of clusters outside Google Cloud."""

import pulumi


def evaluation_mode(enforced: pulumi.Input[bool]) -> pulumi.Output[str]:
    """What `binary_authorization.evaluation_mode` is set to."""
    return pulumi.Output.from_input(enforced).apply(
        lambda on: "PROJECT_SINGLETON_POLICY_ENFORCE" if on else "DISABLED"
    )
