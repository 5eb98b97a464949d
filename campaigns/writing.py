"""What the editor of a text offers: what can be put into it, where it asks how it comes out, and its own words."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.sms.templates import LONGEST_TEMPLATE
from campaigns.sms.variables import offered


def text_vocabulary() -> dict[str, Any]:
    return {
        "groups": offered(),
        "longest": LONGEST_TEMPLATE,
        "look": reverse("admin:campaigns_campaign_text"),
        "test": reverse("admin:campaigns_campaign_text_test"),
        "words": _words(),
    }


def _words() -> dict[str, str]:
    return {
        "insert": _("Insert:"),
        "more": _("All that can be inserted"),
        "such_as": _("such as “%s”"),
        "place": _("Line %(line)s, column %(column)s"),
        "go_there": _("Go there"),
        "preview": _("Preview"),
        "order": _("Order %s"),
        "of": _("%(number)s of %(all)s"),
        "previous": _("Previous order"),
        "next": _("Next order"),
        "longest": _("Longest"),
        "is_longest": _("the longest"),
        "not_looked": _("The preview is not available just now. What you wrote is not lost."),
        "nothing": _("There is no order to show it with yet."),
        "empty": _("The text comes out empty for this order."),
        "dear": _("These signs make each part shorter, and the text dearer:"),
        "replace": _("Write them plainly"),
        "becomes": _("%(sign)s becomes %(plain)s"),
        "left_out": _("%s is left out"),
        "test": _("Send a test"),
        "test_help": _(
            "The text for the order shown, as a real message. It leaves at once, and the provider charges it."
        ),
        "to": _("To"),
        "send": _("Send it"),
        "sending": _("Sending…"),
        "not_sent": _("It could not be sent. Try again."),
    }
