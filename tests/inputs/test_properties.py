"""Properties that hold for every value: weights, ranges, names, and that nothing crashes."""

from ipaddress import IPv4Network
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stacks import _cidr, _names, _rules_ranges, _secrets
from stacks._view import Problem
from stacks.spec import Platform, SpecError, load
from tests.inputs.specs import STACK_FILES, dev, edited, spec_of

STACKS = [path.name.split(".")[1] for path in STACK_FILES]
WEIGHTS = "namespaces[1].services[0].route.weights"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=10) | st.sampled_from(sorted(dev())), inner, max_size=4)
    ),
    max_leaves=12,
)
NETWORKS = st.builds(
    lambda address, prefix: IPv4Network((address, prefix), strict=False),
    st.integers(0x0A000000, 0x0AFFFFFF),
    st.integers(8, 29),
)


@given(st.integers(-5, 105), st.integers(-5, 105))
def test_weights_pass_exactly_when_they_sum_to_100(first: int, second: int) -> None:
    """Two weights are right when both are 0..100 and together 100."""
    try:
        load(edited({f"{WEIGHTS}[0].weight": first, f"{WEIGHTS}[1].weight": second}))
        passed = True
    except SpecError:
        passed = False

    assert passed == (0 <= first <= 100 and 0 <= second <= 100 and first + second == 100)


@given(st.sampled_from(sorted(Platform.model_fields)), JSON)
def test_any_value_gives_an_answer(key: str, value: object) -> None:
    """Whatever stands in a spec, it is accepted or refused with sentences; nothing crashes."""
    _answered({**dev(), key: value})


@given(st.sampled_from(STACKS), st.data())
def test_any_value_anywhere_gives_an_answer(stack: str, data: st.DataObject) -> None:
    """So it is for each single place of each stack's spec."""
    spec = spec_of(stack)
    part: Any = spec
    while True:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        key = data.draw(st.sampled_from(keys))
        inner = part[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            part[key] = data.draw(JSON)
            break
        part = inner

    _answered(spec)


def _answered(spec: dict[str, Any]) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        load(spec)
    except SpecError as error:
        problems = error.problems
        refused = True
    else:
        refused = False

    assert refused == bool(problems)
    assert all(problem.rule and problem.fix for problem in problems)


@given(st.lists(NETWORKS, max_size=8), st.integers(12, 28))
def test_a_free_range_is_free(taken: list[IPv4Network], prefix: int) -> None:
    """The range that an overlap's fix suggests overlaps nothing."""
    free = _rules_ranges.free_range(prefix, taken)

    if free is not None:
        assert not any(IPv4Network(free).overlaps(network) for network in taken)


@given(st.lists(NETWORKS, min_size=2, max_size=8))
def test_overlaps_are_found_exactly(ranges: list[IPv4Network]) -> None:
    """The sorted sweep finds an overlap if and only if comparing every pair does."""
    peers = [{"name": f"p{i}", "cidr": str(network)} for i, network in enumerate(ranges)]
    expected = any(a.overlaps(b) for i, a in enumerate(ranges) for b in ranges[:i])
    spec = edited({"networks[0].subnets": [], "networks[0].peers": peers})

    try:
        load(spec)
        rules: list[str] = []
    except SpecError as error:
        rules = [problem.rule for problem in error.problems]

    assert any("must not overlap" in rule for rule in rules) == expected


@given(st.integers(1, 2000), st.integers(8, 256))
def test_pod_ranges_fit_exactly(nodes: int, pods: int) -> None:
    """The range that is suggested serves the nodes, and half of it does not."""
    prefix = _cidr.pod_prefix_for(nodes, pods)

    assert _cidr.nodes_that_fit(IPv4Network((0, prefix)), pods) >= nodes
    assert _cidr.nodes_that_fit(IPv4Network((0, prefix + 1)), pods) < nodes


@given(st.text(max_size=80))
def test_suggested_names_are_lawful(text: str) -> None:
    """A `did you mean` for a name is a name."""
    repaired = _names.repair(text)

    assert not repaired or _names.why_not(repaired) is None


@given(st.text(min_size=12, max_size=40).filter(lambda text: '"' not in text))
def test_values_of_secret_keys_are_masked(value: str) -> None:
    """What stands under a key that is named as a secret is never shown."""
    assert _secrets.shown(value, ("labels", "api-token")) == _secrets.MASK
