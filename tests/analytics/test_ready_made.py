import pytest
from django.utils import timezone

from analytics.ready_made import READY_MADE, offered, recognised
from analytics.rules import read_segment_rule
from statuses.presets import PRESETS
from tests.factories import vocabulary

pytestmark = pytest.mark.django_db


def of_set(key):
    vocabulary(*((str(word.type), word.code) for word in PRESETS[key].words))


def test_there_are_a_dozen():
    assert len(READY_MADE) >= 12
    assert len({ready.key for ready in READY_MADE}) == len(READY_MADE)


@pytest.mark.parametrize("ready", READY_MADE, ids=lambda ready: ready.key)
def test_each_is_a_rule_that_can_be_counted(ready):
    vocabulary(*((str(asked.type), asked.codes[0]) for asked in ready.asks))
    rule = ready.rule({asked.key: asked.codes[0] for asked in ready.asks})

    assert read_segment_rule(rule).customers(timezone.now()).count() == 0


@pytest.mark.parametrize("key", ["example", "woocommerce", "shopify"])
def test_the_statuses_of_sets_that_many_know_are_recognised(key):
    of_set(key)

    unknown = {
        (ready.key, asked.key) for ready in READY_MADE for asked in ready.asks if not recognised(asked, offered(asked))
    }

    assert (
        unknown
        == {
            "example": {("cancelled-twice", "status")},
            "woocommerce": {
                ("not-picked-up", "status"),
                ("paid-not-shipped", "paid"),
            },
            "shopify": set(),
        }[key]
    )
