"""Of a customer who was erased, segments keep nothing but that somebody, by our number, came and went."""

from analytics.models import Member
from customers.erasing import register
from customers.models import Customer


def erase_members(customer: Customer) -> None:
    """Counts find nobody who was erased, so nobody comes back."""
    Member.objects.filter(customer=customer).delete()


register(erase_members)
