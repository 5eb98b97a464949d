"""What the installation is asked to do. `owed.py` says the same in its own words."""

# The providers' records are read by it: campaign, step, order, and when the order changed.
TEXT = "{campaign} {step} {{{{ order.external_id }}}} {{{{ change.occurred_at | date: '%Y-%m-%dT%H:%M:%S' }}}}"


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


def _campaign(code, trigger, *steps):
    every_time = {"mode": "every_time"}
    return {"format": 1, "code": code, "name": code, "trigger": trigger, "reentry": every_time, "steps": list(steps)}


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
]
