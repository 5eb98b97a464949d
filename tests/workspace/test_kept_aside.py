"""What a query found, kept aside for what is done with it."""

import pytest
from django.db import DatabaseError, connection, transaction

from customers.models import Customer
from workspace.database import kept_aside

pytestmark = pytest.mark.django_db


def test_what_failed_first_is_what_is_told():
    with (
        pytest.raises(DatabaseError, match="nowhere"),
        transaction.atomic(),
        kept_aside(Customer.objects.all(), within_s=5),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM nowhere")
