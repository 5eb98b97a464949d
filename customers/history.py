"""What the history of actions tells of customers: which fields changed, and their consent as a word.

Erasing a customer empties their row and must leave nothing of them elsewhere, so no other value stands in the history,
which keeps everything; and they are called by our own number, as a shop's id may be an email address.
"""

from django.utils.translation import gettext_lazy

from customers.models import Customer
from customers.upserts import COLUMNS
from workspace import history
from workspace.upserts import Upserted

history.declare(Customer, values=("sms_consent",), words={"reason": gettext_lazy("Reason")})


def changes_of(upserted: Upserted) -> history.Changes:
    return history.compare(Customer, COLUMNS, upserted.before, upserted.after) if upserted.before else {}
