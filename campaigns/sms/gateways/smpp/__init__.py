"""SMPP 3.4, as SMSCs and large providers speak it: one bind for each worker process, many messages under way on it.

submit_sm knows no repeats, and query_sm asks by the id that an unanswered message has not got: so what goes unanswered
is of unknown fate, and cannot be looked up. The parts of a long text leave one after the other, each when the one
before was taken: a number that is refused is refused whole. Only the last part asks for a receipt, and its id is the
message's: one voice speaks for all. Receipts come on a bind of their own (`manage.py listen`).

A part that is refused after others were taken leaves a text half sent. To call that refused would let another gateway
send it all again, to call it taken would be a lie: it is of unknown fate, and says how far it came.
"""

from django.utils.translation import gettext_lazy as _

from campaigns.sms.gateways.base import GatewayKind, Setup
from campaigns.sms.gateways.smpp.account import Account
from campaigns.sms.gateways.smpp.form import SmppForm
from campaigns.sms.gateways.smpp.line import SmppLine
from campaigns.sms.gateways.smpp.sending import Smpp


def connect(setup: Setup) -> Smpp:
    return Smpp(Account.of(setup))


KIND = GatewayKind(
    "smpp",
    _("SMPP 3.4"),
    connect,
    SmppForm,
    listen=SmppLine,
    summary=_("A line of its own to an operator or aggregator; receipts and texts are heard by “manage.py listen”."),
)
