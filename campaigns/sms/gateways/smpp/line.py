"""The bind on which an SMSC tells things: receipts, and texts that people write."""

from __future__ import annotations

import time

import structlog
from django.utils.translation import gettext as _
from smpplib import consts

from campaigns.sms.gateways.base import BadReceipt, Heard, Setup, Verdict
from campaigns.sms.gateways.smpp.account import Account
from campaigns.sms.gateways.smpp.link import Link, LinkDown, Pdu
from campaigns.sms.gateways.smpp.told import told_of

# A line on which nothing is said is asked whether it is still there, and has so long to answer.
ENQUIRE_AFTER_S, ANSWER_S = 20.0, 10.0
# What has come already is kept together, up to so many.
MOST_AT_ONCE = 200

STATUSES = {
    Verdict.KEPT: consts.SMPP_ESME_ROK,
    Verdict.AGAIN: consts.SMPP_ESME_RX_T_APPN,
    Verdict.NEVER: consts.SMPP_ESME_RX_P_APPN,
}

log = structlog.get_logger(__name__)


class SmppLine:
    def __init__(self, setup: Setup) -> None:
        self._code, self._account = setup.code, Account.of(setup)
        self._link = Link.bound(self._account, "bind_receiver")
        self._has_enquired = False

    def hear(self, wait_s: float) -> list[Heard]:
        heard: list[Heard] = []
        pdu = self._link.read(wait_s)
        while pdu is not None:
            heard += self._heard(pdu)
            pdu = self._link.read(0) if len(heard) < MOST_AT_ONCE else None
        self._see_to_the_link()
        return heard

    def answer(self, heard: Heard, verdict: Verdict) -> None:
        self._link.respond("deliver_sm_resp", heard.key, STATUSES[verdict])

    def close(self) -> None:
        self._link.close()

    def _heard(self, pdu: Pdu) -> list[Heard]:
        """What cannot be read is not worth telling again."""
        if pdu.name != "deliver_sm":
            return []
        try:
            told = told_of(pdu.raw, self._account)
        except BadReceipt as error:
            log.warning("told_what_cannot_be_read", gateway=self._code, error=str(error))
            told = None
        if told is None:
            self._link.respond("deliver_sm_resp", pdu.sequence, STATUSES[Verdict.NEVER])
            return []
        return [Heard(told, pdu.sequence)]

    def _see_to_the_link(self) -> None:
        quiet_s = time.monotonic() - self._link.heard_at
        if quiet_s > ENQUIRE_AFTER_S + ANSWER_S:
            raise LinkDown(_("The provider does not answer."))
        is_quiet = quiet_s > ENQUIRE_AFTER_S
        if is_quiet and not self._has_enquired:
            self._link.request("enquire_link")
        self._has_enquired = is_quiet
