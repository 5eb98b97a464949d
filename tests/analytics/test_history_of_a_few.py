"""What `catch_up_for` reads for a few customers, beside the feed."""

from datetime import UTC, datetime

import pytest

from analytics import history
from analytics.models import Visit
from orders.said import Said
from orders.transitions import hear
from tests.factories import CustomerFactory, OrderFactory, SourceFactory, vocabulary

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


def test_an_order_that_was_given_to_another_is_no_more_with_the_first():
    vocabulary(("general", "new"))
    order = OrderFactory(external_id="O-1")
    hear([Said("O-1", "general", "new", NOON)], SourceFactory())
    history.catch_up()
    first, order.customer = order.customer, CustomerFactory()
    order.save()

    history.catch_up_for([first.pk])

    assert Visit.objects.get().customer == order.customer
