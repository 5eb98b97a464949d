"""What the installation is asked to do. `owed.py` says the same in its own words."""

# The providers' records are read by it: campaign, step, order, and when the order changed.
TEXT = "{campaign} {step} {{{{ order.external_id }}}} {{{{ change.occurred_at | date: '%Y-%m-%dT%H:%M:%S' }}}}"

# Where webhooks go, whose body says the same.
ENDPOINT = "erp"


def _trigger(type, came_from, to):
    return {"kind": "order_status_changed", "params": {"type": type, "from": came_from, "to": to}}


def _sms(campaign, step, purpose):
    return {
        "key": step,
        "kind": "send_sms",
        "params": {
            "text": TEXT.format(campaign=campaign, step=step),
            "purpose": purpose,
            "deliver": "immediately",
            "only_if_still": False,
        },
    }


def _paid_at_trigger(*yes):
    asked = {"field": "order.payment_status", "operator": "in", "value": ["paid"], "at": "trigger"}
    return {
        "key": "paid",
        "kind": "filter_customers",
        "params": {"rule": {"combinator": "and", "rules": [asked]}},
        "branches": {"yes": list(yes), "no": []},
    }


def _call(step):
    return {"key": step, "kind": "call_webhook", "params": {"endpoint": ENDPOINT}}


def _wait_for(step, type, to, *, arrived, timed_out):
    # Longer than any clock is wrong: nobody's time is over while shops speak.
    lasts = {"value": 20, "unit": "hours"}
    return {
        "key": step,
        "kind": "wait_for_status",
        "params": {"type": type, "to": to, "duration": lasts},
        "branches": {"arrived": [arrived], "timed_out": [timed_out]},
    }


def _campaign(code, trigger, *steps, **settings):
    every_time = {"mode": "every_time"}
    definition = {"format": 1, "code": code, "name": code, "trigger": trigger, "reentry": every_time}
    return definition | settings | {"steps": list(steps)}


# They owe no text that another of its order could be held against: of a paused campaign none holds up others.
PAUSED, RENEWED = "shipped", ("shipped", "refund")

CAMPAIGNS = [
    _campaign(
        "pickup",
        _trigger("delivery", ["shipped"], ["at_pickup_point"]),
        _paid_at_trigger(_sms("pickup", "ready", "transactional")),
    ),
    _campaign("thanks", _trigger("payment", "any", ["paid"]), _sms("thanks", "thanks", "marketing")),
    _campaign(
        "completed",
        _trigger("general", "any_existing", ["completed"]),
        _sms("completed", "first", "transactional"),
        {"key": "pause", "kind": "wait", "params": {"duration": {"value": 1, "unit": "minutes"}}},
        _sms("completed", "second", "transactional"),
    ),
    _campaign("shipped", _trigger("delivery", "any", ["shipped"]), _call("tell")),
    _campaign(
        "refund",
        _trigger("payment", "any", ["refunded"]),
        _call("tell"),
        _wait_for(
            "cancelled",
            "general",
            ["cancelled"],
            arrived=_sms("refund", "gone", "transactional"),
            timed_out=_sms("refund", "sorry", "transactional"),
        ),
        stop_on=[{"type": "payment", "to": ["paid"]}],
    ),
]
