"""What campaigns keep of a customer: their texts and numbers, what they wrote to us, what gateways said of it.

A text that waits is due at once, for the law to skip it with its reason; one that a worker has claimed is taken from
it. Only what is being handed to a gateway at that very moment may still leave.
"""

from django.db.models import Q
from django.utils import timezone

from campaigns import doorbell
from campaigns.models import IncomingText, Message, MessageState, PhoneText, Receipt
from customers.erasing import register
from customers.models import Customer
from workspace.database import lock_rows
from workspace.queues import SENDING

NOTHING = dict.fromkeys(("phone", "text", "error", "receipt_reason"), "")


def erase_texts(customer: Customer) -> None:
    messages = Message.objects.filter(customer=customer).order_by()
    # All of them first, in the order of workers, so that neither waits for the other.
    list(lock_rows(messages.order_by("pk")).values_list("pk"))
    numbers = {customer.phone, *messages.values_list("phone", flat=True).distinct()} - {""}
    PhoneText.objects.filter(Q(reference__in=messages.values("reference")) | Q(to__in=numbers)).delete()
    _erase_incoming(customer, numbers)
    Receipt.objects.filter(message__in=messages).exclude(reason="").update(reason="")
    waiting = messages.filter(state__in=(MessageState.PENDING, MessageState.CLAIMED))
    waiting.update(state=MessageState.PENDING, lease=None, leased_until=None, due_at=timezone.now())
    messages.update(**NOTHING)
    doorbell.ring_on_commit(SENDING)


def _erase_incoming(customer: Customer, numbers: set[str]) -> None:
    """Also what was written from the number before it was a customer's, but nothing of whoever had it once."""
    theirs = Q(customers=customer) | Q(phone=customer.phone) | Q(phone__in=numbers, customers=None)
    texts = list(IncomingText.objects.filter(theirs).exclude(phone="").order_by().values_list("pk", flat=True))
    IncomingText.objects.filter(pk__in=texts).update(phone="", text="")


register(erase_texts)
