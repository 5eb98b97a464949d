import statistics

from hypothesis import given
from hypothesis import strategies as st

from analytics.reports.quantiles import percentile


def test_nothing_has_no_median():
    assert percentile([], 0.5) is None
    assert percentile([[], []], 0.5) is None


def test_a_median_lies_between_two_values():
    assert percentile([[1, 3], [2, 10]], 0.5) == 2.5


def test_the_ninetieth_percentile_lies_between_places_in_proportion():
    assert percentile([[0, 10, 20], [30, 40, 50]], 0.9) == 45.0


@given(st.lists(st.lists(st.integers(0, 50)), max_size=5), st.sampled_from([0.1, 0.5, 0.75, 0.9]))
def test_it_is_that_of_all_values_put_together(lists, share):
    values = sorted(value for one in lists for value in one)
    lists = [sorted(one) for one in lists]

    found = percentile(lists, share)

    if len(values) < 2:
        assert found == (values[0] if values else None)
    else:
        by_hand = statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]
        assert abs(found - by_hand) < 1e-9
