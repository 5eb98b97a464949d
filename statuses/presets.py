"""Sets of statuses to start from: the documented example, and the words of shops that many know. Data only.

WooCommerce: the order's `status`, which in its database begins with “wc-”, and `_fulfillment_status` of its order
fulfillments (woocommerce.github.io/code-reference, enum OrderStatus; developer.woocommerce.com, Order fulfillments).
It has one status where we have three, so each word stands with what it speaks of.
Shopify: `financial_status` and `fulfillment_status` of an order, `shipment_status` of a fulfillment, as REST and
webhooks write them, and what GraphQL calls the same otherwise (shopify.dev: OrderDisplayFinancialStatus,
OrderDisplayFulfillmentStatus, FulfillmentEventStatus).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from statuses.models import Colour, StatusType

G, D, P = StatusType.GENERAL, StatusType.DELIVERY, StatusType.PAYMENT


@dataclass(frozen=True, slots=True)
class Word:
    """One status of a set, named in the language of whoever adds it."""

    type: StatusType
    code: str
    name: Promise
    colour: Colour
    aliases: tuple[str, ...] = ()
    include_in_analytics: bool = True


@dataclass(frozen=True, slots=True)
class Preset:
    key: str
    title: Promise | str
    about: Promise
    words: tuple[Word, ...]


EXAMPLE = Preset(
    "example",
    _("Example"),
    _("A small shop that delivers to pickup points and to the door: what our documentation speaks of."),
    (
        Word(G, "accepted", _("Accepted"), Colour.GREY),
        Word(G, "agreed", _("Agreed"), Colour.BLUE),
        Word(G, "in_progress", _("In progress"), Colour.ORANGE),
        Word(G, "completed", _("Completed"), Colour.GREEN),
        Word(D, "shipped", _("Shipped"), Colour.BLUE),
        Word(D, "at_pickup_point", _("At pickup point"), Colour.TEAL),
        Word(D, "at_delivery_point", _("At delivery point"), Colour.VIOLET),
        Word(D, "delivered", _("Delivered"), Colour.GREEN),
        Word(P, "invoice_issued", _("Invoice issued"), Colour.GREY),
        Word(P, "awaiting_payment", _("Awaiting payment"), Colour.YELLOW),
        Word(P, "paid", _("Paid"), Colour.GREEN),
    ),
)

WOOCOMMERCE = Preset(
    "woocommerce",
    "WooCommerce",
    _("The statuses of an order, each with what it speaks of, and those of order fulfillments."),
    (
        Word(G, "checkout-draft", _("Draft"), Colour.GREY, ("wc-checkout-draft",), include_in_analytics=False),
        Word(G, "processing", _("Processing"), Colour.BLUE, ("wc-processing",)),
        Word(G, "completed", _("Completed"), Colour.GREEN, ("wc-completed",)),
        Word(G, "cancelled", _("Cancelled"), Colour.RED, ("wc-cancelled",)),
        Word(D, "unfulfilled", _("Unfulfilled"), Colour.GREY, ("no_fulfillments",)),
        Word(D, "partially_fulfilled", _("Partially fulfilled"), Colour.YELLOW),
        Word(D, "fulfilled", _("Fulfilled"), Colour.GREEN),
        Word(P, "pending", _("Pending payment"), Colour.YELLOW, ("wc-pending",)),
        Word(P, "on-hold", _("On hold"), Colour.ORANGE, ("wc-on-hold",)),
        Word(P, "failed", _("Failed"), Colour.RED, ("wc-failed",)),
        Word(P, "refunded", _("Refunded"), Colour.VIOLET, ("wc-refunded",)),
    ),
)

SHOPIFY = Preset(
    "shopify",
    "Shopify",
    _("An order open, closed or cancelled; its fulfillment and where its parcel is; its financial status."),
    (
        Word(G, "open", _("Open"), Colour.BLUE),
        Word(G, "closed", _("Closed"), Colour.GREEN),
        Word(G, "cancelled", _("Cancelled"), Colour.RED, ("canceled",)),
        Word(D, "unfulfilled", _("Unfulfilled"), Colour.GREY, ("null",)),
        Word(D, "partial", _("Partially fulfilled"), Colour.YELLOW, ("partially_fulfilled",)),
        Word(D, "fulfilled", _("Fulfilled"), Colour.TEAL),
        Word(D, "restocked", _("Restocked"), Colour.PINK),
        Word(D, "label_purchased", _("Label purchased"), Colour.GREY),
        Word(D, "label_printed", _("Label printed"), Colour.GREY),
        Word(D, "confirmed", _("Confirmed"), Colour.BLUE),
        Word(D, "in_transit", _("In transit"), Colour.BLUE),
        Word(D, "out_for_delivery", _("Out for delivery"), Colour.VIOLET),
        Word(D, "attempted_delivery", _("Attempted delivery"), Colour.ORANGE),
        Word(D, "ready_for_pickup", _("Ready for pickup"), Colour.TEAL),
        Word(D, "delivered", _("Delivered"), Colour.GREEN),
        Word(D, "failure", _("Failure"), Colour.RED),
        Word(P, "pending", _("Pending"), Colour.YELLOW),
        Word(P, "authorized", _("Authorized"), Colour.BLUE),
        Word(P, "partially_paid", _("Partially paid"), Colour.ORANGE),
        Word(P, "paid", _("Paid"), Colour.GREEN),
        Word(P, "partially_refunded", _("Partially refunded"), Colour.PINK),
        Word(P, "refunded", _("Refunded"), Colour.VIOLET),
        Word(P, "voided", _("Voided"), Colour.RED),
        Word(P, "expired", _("Expired"), Colour.GREY),
    ),
)

PRESETS = {preset.key: preset for preset in (EXAMPLE, WOOCOMMERCE, SHOPIFY)}
