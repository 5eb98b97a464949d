"""Any provider that takes many messages by one JSON POST, and answers each by our reference."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.sms.callbacks import hear_json
from campaigns.sms.calls import (
    JSON,
    CallForm,
    credentials_of,
    fill,
    headers_of,
    look_up_call,
    read_answer,
    read_failure,
    read_look_up,
    values_of,
)
from campaigns.sms.codes import read_code
from campaigns.sms.gateways.base import Answer, GatewayKind, Outgoing, Promises, Refused, Setup, Told, Unsure
from campaigns.sms.replies import find, find_text, is_success, read_json, retry_after_s
from campaigns.sms.wire import BEGUN_WITHIN_S, Call, Heard, call_all
from workspace.database import in_sets

MOST_PER_CALL = 1000


class HttpBatchForm(CallForm):
    # A header speaks of a whole call: each message carries its own reference.
    repeat_header = None  # type: ignore[assignment]
    per_call = forms.IntegerField(
        label=gettext_lazy("Messages in a call"), min_value=1, max_value=MOST_PER_CALL, initial=100
    )
    body = forms.JSONField(
        label=gettext_lazy("What is posted"),
        initial={"messages": "{messages}"},
        help_text=gettext_lazy(
            "A JSON object in which {messages} is replaced by the list of messages; {user} and {password} as well."
        ),
    )
    message = forms.JSONField(
        label=gettext_lazy("Each message in it"),
        initial={"reference": "{reference}", "to": "{to}", "from": "{from}", "text": "{text}"},
        help_text=gettext_lazy("A JSON object in which {reference}, {to}, {from} and {text} are replaced."),
    )
    answers_path = forms.CharField(
        label=gettext_lazy("Answer: where the list is"),
        required=False,
        initial="messages",
        help_text=gettext_lazy("Path to the list with an answer for each message. Empty: the answer is the list."),
    )
    answer_reference = forms.CharField(
        label=gettext_lazy("Answer: our reference"),
        initial="reference",
        help_text=gettext_lazy("In each of the list. A message that the answer does not speak of may have been sent."),
    )

    field_order = ("url", "per_call", "body", "message", "answers_path", "answer_reference")

    def clean(self) -> None:
        self.check_template("body", {"messages"}, frozenset({"messages"}))
        self.check_template("message", {"reference", "to", "text"})
        self.check_credentials("body", "message")


class HttpBatch:
    """Messages in calls of `per_call`, so many calls at once."""

    def __init__(self, setup: Setup) -> None:
        self.setup, self.settings = setup, HttpBatchForm.complete(setup.settings)
        self.headers = headers_of(self.settings, setup.secrets)
        self.credentials = credentials_of(self.settings, setup.secrets)
        self.promises = Promises(
            is_idempotent=self.settings["knows_repeats"],
            can_look_up=bool(self.settings["look_up_url"]),
            per_call=self.settings["per_call"],
            is_signed=bool(setup.secrets.get("signing_secret")),
            hears_texts=bool(self.settings["incoming_text"]),
        )

    def send(self, messages: Sequence[Outgoing]) -> list[Answer]:
        """A call refused as a whole is made again in halves, so that one bad message takes no other with it."""
        answers: dict[str, Answer] = {}
        groups, begun_by = list(in_sets(messages, self.promises.per_call)), time.monotonic() + BEGUN_WITHIN_S
        while groups:
            heard, halves = self._call_all([self._call(group) for group in groups], begun_by), []
            for group, one in zip(groups, heard, strict=True):
                said = self._answers(group, one)
                if isinstance(said, Refused) and len(group) > 1:
                    halves += list(in_sets(group, (len(group) + 1) // 2))
                else:
                    answers |= said if isinstance(said, dict) else {message.reference: said for message in group}
            groups = halves
        return [answers[message.reference] for message in messages]

    def look_up(self, messages: Sequence[Outgoing]) -> list[Answer | None]:
        heard = self._call_all([look_up_call(message, self.settings, self.headers) for message in messages])
        return [read_look_up(one, self.settings) for one in heard]

    def hear(self, request: HttpRequest) -> list[Told]:
        return hear_json(request, self.settings, self.setup.secrets.get("signing_secret", ""))

    def _call_all(self, calls: Sequence[Call], begun_by: float | None = None) -> list[Heard]:
        at_once, timeout_s = self.setup.connections, self.settings["timeout_s"]
        return call_all(calls, at_once=at_once, timeout_s=timeout_s, begun_by=begun_by)

    def _call(self, group: Sequence[Outgoing]) -> Call:
        messages = [fill(self.settings["message"], self.credentials | values_of(message)) for message in group]
        body = fill(self.settings["body"], self.credentials | {"messages": messages})
        return Call(self.settings["url"], json.dumps(body).encode(), self.headers | JSON)

    def _answers(self, group: Sequence[Outgoing], heard: Heard) -> Answer | dict[str, Answer]:
        """One for the whole call, or one by each reference."""
        if not is_success(heard):
            hidden = [*(message.text for message in group), *self.setup.secrets.values()]
            return read_failure(heard, self.settings, hidden, knows_repeats=self.promises.is_idempotent)
        data = read_json(heard.body)
        said = self._said(data)
        # Of what it lists it says what became of each.
        if not said and (meant := read_code(data, self.settings, "", retry_after_s(heard))):
            return meant
        return {m.reference: self._answer(m, said.get(m.reference)) for m in group}

    def _said(self, data: Any) -> dict[str, Any]:
        items = find(data, self.settings["answers_path"])
        path = self.settings["answer_reference"]
        return {find_text(item, path): item for item in items} if isinstance(items, list) else {}

    def _answer(self, message: Outgoing, item: Any) -> Answer:
        if item is None:
            return Unsure(_("The answer does not speak of this message."))
        return read_answer(item, self.settings, [message.text, *self.setup.secrets.values()])


KIND = GatewayKind(
    "http_batch",
    gettext_lazy("HTTP, many messages a call"),
    HttpBatch,
    HttpBatchForm,
    summary=gettext_lazy("For providers that take a list: the fastest way, up to hundreds of messages in one post."),
)
