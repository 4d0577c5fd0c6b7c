"""How the tests of the mesh judge a share of calls."""

from collections.abc import Iterator

import pytest

from tests.mesh.measures import assert_share, interval


def drawn(*counts: int) -> Iterator[int]:
    return iter(counts)


@pytest.mark.parametrize("counts", [(100,), (132,), (70,), (69, 100), (150, 50, 101)])
def test_a_right_split_passes_though_chance_makes_it_look_wrong_once_or_twice(
    counts: tuple[int, ...],
) -> None:
    draws = drawn(*counts)

    assert_share(lambda: next(draws), 1000, 0.10)

    assert list(draws) == []


def test_a_wrong_split_fails_with_what_was_counted() -> None:
    draws = drawn(200, 198, 203, 100)

    with pytest.raises(AssertionError, match=r"\[200, 198, 203\] of 1000 .* 70 to 132"):
        assert_share(lambda: next(draws), 1000, 0.10)


@pytest.mark.parametrize(("share", "count"), [(0, 1), (1, 999)])
def test_what_leaves_nothing_to_chance_has_one_draw(share: float, count: int) -> None:
    draws = drawn(count, round(1000 * share))

    with pytest.raises(AssertionError):
        assert_share(lambda: next(draws), 1000, share)


def test_a_wider_interval_leaves_less_out() -> None:
    low, high = interval(200, 0.30)

    wider = interval(200, 0.30, confidence=1 - 1e-7)

    assert wider[0] < low < 60 < high < wider[1]
