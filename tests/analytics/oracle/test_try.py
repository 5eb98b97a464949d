import pytest

from analytics.rules import read_segment_rule
from analytics.where import _TypeOf
from customers.models import Customer
from tests.analytics.oracle.shops import *


@pytest.mark.django_db
def test_it():
    for _ in Shop(0, 12).open():
        pass
    q = read_segment_rule(
        {"combinator": "and", "rules": [{"field": "customer.attribute", "operator": "notNull", "name": "n"}]}
    ).customers(NOW)
    print(q.query)
    for c in Customer.objects.annotate(t=_TypeOf("n")):
        print(c.external_id, c.attributes, repr(c.t), q.filter(pk=c.pk).exists())
