"""Rows that are read by the thousand are the rows that Django would have made."""

import pytest
from django.apps import apps
from django.db import models
from django.db.models.signals import post_init, pre_init

from campaigns.models import Message
from customers.models import Customer
from orders.models import Order
from tests.factories import CustomerFactory, OrderFactory
from workspace.quick_rows import QuickRow, _defaults

QUICK = [model for model in apps.get_models() if issubclass(model, QuickRow)]


def state_of(row):
    return row.__dict__ | {"_state": (row._state.adding, row._state.db, row._state.fields_cache)}


@pytest.mark.parametrize("read", [{}, {"only": ["first_name"]}, {"defer": ["phone"]}])
@pytest.mark.django_db
def test_a_row_is_what_django_makes_of_it(monkeypatch, read):
    CustomerFactory(first_name="Ada", refused_categories=["news"])
    rows = Customer.objects.all()
    for verb, names in read.items():
        rows = getattr(rows, verb)(*names)

    row = rows.get()
    with monkeypatch.context() as patch:
        patch.setattr(Customer, "from_db", classmethod(models.Model.from_db.__func__))
        by_django = rows.get()

    assert state_of(row) == state_of(by_django)


@pytest.mark.django_db
def test_what_was_not_read_is_read_when_it_is_asked_for():
    CustomerFactory(first_name="Ada")

    row = Customer.objects.only("external_id").get()

    assert row.get_deferred_fields() >= {"first_name"}
    assert row.first_name == "Ada"


@pytest.mark.django_db
def test_what_was_read_is_changed_not_added():
    order = OrderFactory(customer=CustomerFactory(first_name="Ada"))

    row = Order.objects.select_related("customer").get()
    row.currency = "USD"
    row.save()

    assert row.customer.first_name == "Ada"
    assert list(Order.objects.values_list("pk", "currency")) == [(order.pk, "USD")]


def test_a_new_row_is_what_django_makes_of_it():
    given = {"external_id": "C-1", "refused_categories": ["news"]}

    row = Customer.new(**given)

    assert state_of(row) == state_of(Customer(**given))
    assert row.attributes is not Customer.new().attributes


def test_of_a_new_row_no_more_is_made_than_must_be():
    _same_for_each, made = _defaults(Message)

    assert made.keys() == {"reference", "refused_by"}


@pytest.mark.parametrize("model", QUICK, ids=str)
def test_the_key_of_each_is_its_id(model):
    row = model.new(id=7)

    assert (row.pk, hash(row)) == (7, hash(7))
    row.pk = 8
    assert row.id == 8


@pytest.mark.parametrize("model", QUICK, ids=str)
def test_nobody_waits_for_what_is_left_out(model):
    fields = model._meta.concrete_fields

    assert not [field.name for field in fields if isinstance(field, models.FileField)]
    assert not pre_init.has_listeners(model)
    assert not post_init.has_listeners(model)


def test_what_a_batch_reads_is_read_quickly():
    names = {model._meta.label for model in QUICK}

    assert names >= {
        "campaigns.Run",
        "campaigns.Message",
        "customers.Customer",
        "orders.Order",
        "orders.StatusTransition",
    }
