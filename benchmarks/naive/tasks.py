"""A task per transition, per step, per message; each begins the next."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.request import Request, urlopen

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from benchmarks.naive.models import Campaign, Message, Run, Transition

TIMEOUT_S = 10

# As Celery's manual shows it: whatever goes wrong is tried again, later and later.
task = partial(shared_task, autoretry_for=(Exception,), retry_backoff=True, max_retries=5)


@task(name="naive.start_campaigns")
def start_campaigns(transition_id: int) -> None:
    transition = Transition.objects.select_related("order").get(pk=transition_id)
    for campaign in Campaign.objects.filter(is_active=True, type=transition.type):
        if campaign.answers(transition):
            run = Run.objects.create(campaign=campaign, order=transition.order, transition=transition)
            advance_run.delay(run.pk)


@task(name="naive.advance_run")
def advance_run(run_id: int) -> None:
    run = Run.objects.select_related("campaign", "order__customer").get(pk=run_id)
    if run.step == len(run.campaign.steps):
        _end(run, "finished")
        return
    step = run.campaign.steps[run.step]
    STEPS[step["kind"]](run, step)


@task(name="naive.send_message")
def send_message(message_id: int) -> None:
    message = Message.objects.select_related("run").get(pk=message_id)
    message.gateway_id = _call(message)
    message.state, message.sent_at = "sent", timezone.now()
    message.save()
    _go_on(message.run)


def _filter(run: Run, step: dict[str, Any]) -> None:
    """{"kind": "filter", "field": "payment_status", "values": ["paid"]}: a field of the order."""
    if getattr(run.order, step["field"]) in step["values"]:
        _go_on(run)
    else:
        _end(run, "filtered")


def _send_sms(run: Run, step: dict[str, Any]) -> None:
    """{"kind": "send_sms", "text": "Hello {customer.first_name}, {order.external_id} …"}."""
    customer = run.order.customer
    if not customer.sms_consent:
        _end(run, "no_consent")
        return
    text = step["text"].format(customer=customer, order=run.order)
    message = Message.objects.create(run=run, phone=customer.phone, text=text)
    send_message.delay(message.pk)


STEPS: dict[str, Callable[[Run, dict[str, Any]], None]] = {"filter": _filter, "send_sms": _send_sms}


def _go_on(run: Run) -> None:
    run.step += 1
    run.save()
    advance_run.delay(run.pk)


def _end(run: Run, state: str) -> None:
    run.state = state
    run.save()


def _call(message: Message) -> str:
    body = {"reference": f"naive-{message.pk}", "to": message.phone, "from": "Shop", "text": message.text}
    request = Request(  # noqa: S310 - an address of the operator's
        f"{settings.GATEWAY_URL}/send", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
        return str(json.load(response)["id"])
