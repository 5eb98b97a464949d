"""Orders counted by where they are: exactly what was decided, however it was summed up."""

import pytest

from campaigns import live
from campaigns.books import audit
from campaigns.draining import drain
from campaigns.interventions import Why, retry
from campaigns.live import count_steps, fold_tallies
from campaigns.models import Run, StepTally
from campaigns.steps.actions import wait as wait_kind
from tests.campaigns.shop import asks, condition, later, sms, wait
from tests.campaigns.test_interventions import entered

pytestmark = pytest.mark.django_db


def counts(campaign):
    [steps] = count_steps(campaign).values()
    return {s.key: (s.waiting, s.held, s.passed, s.ended, s.failed) for s in steps}


def test_each_order_that_came_to_a_step_is_counted_once(shop, clock):
    campaign = shop.start(asks(condition("order.external_id", "=", "O-1"), yes=[wait("a"), sms()]))
    for name in ("O-1", "O-2"):
        entered(shop, name)
    drain()

    assert counts(campaign) == {
        "": (0, 0, 2, 0, 0), "asked": (0, 0, 1, 1, 0), "a": (1, 0, 0, 0, 0), "text": (0, 0, 0, 0, 0)
    }  # fmt: skip
    later(clock, hours=1)
    assert counts(campaign) == {
        "": (0, 0, 2, 0, 0), "asked": (0, 0, 1, 1, 0), "a": (0, 0, 1, 0, 0), "text": (0, 0, 0, 1, 0)
    }  # fmt: skip


def test_what_failed_and_was_tried_again_is_no_failure_any_more(shop, monkeypatch):
    campaign = shop.start(wait("a"))
    entered(shop)
    with monkeypatch.context() as broken:
        broken.setattr(wait_kind, "_decide", lambda *_args: 1 / 0)
        drain()
    failed = counts(campaign)

    retry(Run.objects.all(), Why("mended"))
    drain()

    assert [count[4] for count in failed.values()].count(1) == 1
    assert counts(campaign)["a"] == (1, 0, 0, 0, 0)
    assert {count[4] for count in counts(campaign).values()} == {0}


def test_summed_up_they_are_the_same(shop, monkeypatch):
    monkeypatch.setattr(live, "FOLDED_FROM", 5)
    campaign = shop.start(wait("a"), sms())
    for number in range(4):
        entered(shop, f"O-{number}")
        drain()
    before = counts(campaign)

    assert fold_tallies() == 8 - StepTally.objects.count() == 6
    assert fold_tallies() == 0

    assert counts(campaign) == before
    assert audit()["unaccounted"] == 0


def test_the_books_notice_a_miscount(shop):
    shop.start(wait("a"))
    entered(shop)
    drain()

    StepTally.objects.filter(step="a").delete()

    assert audit()["breaches"]["miscounted_decisions"] == 1
