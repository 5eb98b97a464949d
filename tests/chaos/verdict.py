"""What customers and the receiver of webhooks got, by the servers' own records, held against what was owed and what the
books say; and whether that was what customers had asked for."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.chaos.installation import PROVIDERS, RECEIVER
from tests.chaos.owed import CONSENT_REASONS, consent_after

SENT = {"accepted", "delivered", "undelivered"}
ENDED = SENT | {"rejected", "unknown", "skipped"}
# A worker that began before other providers came into use ends with those it knew.
A_DECISION_TAKES_S = 10.0


@dataclass(frozen=True)
class Taken:
    """One text that a provider took."""

    provider: str
    reference: str
    key: str
    to: str
    at: float


@dataclass(frozen=True)
class Told:
    """One call that the receiver took, of those under one id it must know a repeat by."""

    webhook_id: str
    key: str
    is_signed: bool


@dataclass(frozen=True)
class Refused:
    """A provider said that it will never take a text."""

    provider: str
    reference: str
    at: float


@dataclass(frozen=True)
class Turn:
    """From then on these providers are in use."""

    at: float
    providers: tuple


class Refusals:
    """By the providers' own records, which of those in use refused what. Nothing of it is taken from the books."""

    def __init__(self, refused, turns):
        self.turns, self.by_reference = turns, defaultdict(list)
        for one in refused:
            self.by_reference[one.reference].append(one)

    def explain(self, message):
        """Those that refused it by the books did, and so did all that were in use together then, or later: what waits
        for one that is away is refused by all once only those are in use that refused it."""
        refused = self.by_reference[message.reference]
        by = {one.provider for one in refused}
        said = {words.split()[1] for words in message.befell if words.startswith("refused ")}
        last = max((one.at for one in refused), default=0.0)
        return said <= by and any(by.issuperset(providers) for providers in self._in_use_since(last))

    def _in_use_since(self, at):
        ends = [turn.at for turn in self.turns[1:]] + [float("inf")]
        for turn, end in zip(self.turns, ends, strict=True):
            if end >= at - A_DECISION_TAKES_S:
                yield turn.providers


@dataclass
class Verdict:
    """Counts for the table, and what must not be, each with a line that says which."""

    counts: dict = field(default_factory=dict)
    findings: list = field(default_factory=list)

    def must_be_none(self, name, lines):
        lines = list(lines)
        self.counts[name] = len(lines)
        self.findings += [f"{name}: {line}" for line in lines]


def read_texts(installation):
    return [
        Taken(name, line["reference"].replace("-", ""), line["text"], line["to"], line["at"])
        for name, line in _lines(installation, PROVIDERS)
        if "id" in line
    ]


def read_calls(installation):
    """Those that it took, and the ids of those that it refused at least once."""
    lines = [line for _name, line in _lines(installation, [RECEIVER])]
    taken = [Told(line["id"], line["key"], line["is_signed"]) for line in lines if "id" in line]
    return taken, {line["refused"] for line in lines if "refused" in line}


def read_refusals(installation, turns):
    refused = [
        Refused(name, line["refused"].replace("-", ""), line["at"])
        for name, line in _lines(installation, PROVIDERS)
        if "refused" in line
    ]
    return Refusals(refused, turns)


def _lines(installation, servers):
    for name in servers:
        if installation.record_of(name).exists():
            for line in installation.record_of(name).read_text().splitlines():
                yield name, json.loads(line)


def judge(owed, taken, kept, refusals):
    by_key, times = {message.key: message for message in kept}, Counter(one.key for one in taken)
    wanted = {one.key: one for one in owed}
    assert len(wanted) == len(owed), "two texts that are owed cannot be told apart"
    verdict = Verdict()
    verdict.counts |= {
        "owed": sum(not _waits(one, by_key) and not _need_not_be(one, by_key) for one in owed),
        "taken": len(times),
        "refused": sum(message.state == "rejected" for message in kept),
        "looked up": sum("looked_up" in befell for message in kept for befell in message.befell),
        "withheld": sum(_is_withheld(one, by_key) for one in owed if one.key not in times),
        "unknown": sum(message.state == "unknown" for message in kept),
        "of them taken": sum(message.state == "unknown" and message.key in times for message in kept),
    }
    lost = (one for one in owed if _is_lost(one, times, by_key, refusals))
    verdict.must_be_none("lost", (_tell(one.key, taken, by_key) for one in lost))
    doubled = (_tell(key, taken, by_key) for key, count in times.items() for _ in range(count - 1))
    verdict.must_be_none("doubled", doubled)
    verdict.must_be_none("not owed", (key for key in times if key not in wanted))
    verdict.must_be_none("to another", (t.key for t in taken if t.key in wanted and t.to != wanted[t.key].to))
    verdict.must_be_none("misreported", _misreported(taken, kept))
    verdict.must_be_none("out of order", _out_of_order(taken, kept))
    return verdict


def _need_not_be(one, by_key):
    return one.key not in by_key and (one.is_open or one.instead in by_key)


def _waits(one, by_key):
    """It follows a text that was not sent, or of which nobody knows."""
    return one.after is not None and (one.after not in by_key or by_key[one.after].state not in SENT)


def judge_calls(verdict, owed, taken, refused, kept):
    """At least once, and always under one id. One may have failed that the receiver refused."""
    by_key, ids, wanted = {call.key: call for call in kept}, defaultdict(set), {one.key: one for one in owed}
    for one in taken:
        ids[one.key].add(one.webhook_id)
    verdict.counts |= {
        "calls owed": sum(not one.is_open or one.key in by_key for one in owed),
        "calls taken": len(ids),
        "calls taken again": len(taken) - sum(map(len, ids.values())),
        "calls failed": sum(call.state == "failed" for call in kept),
    }
    lost = (one for one in owed if one.key not in ids and not _is_excused(one, by_key.get(one.key), refused))
    verdict.must_be_none("calls lost", (f"{one.key}: {by_key.get(one.key, 'no call')}" for one in lost))
    doubled = (f"{key}: {sorted(under)}" for key, under in ids.items() for _ in range(len(under) - 1))
    verdict.must_be_none("calls doubled", doubled)
    verdict.must_be_none("calls not owed", (key for key in ids if key not in wanted))
    verdict.must_be_none("calls unsigned", (one.key for one in taken if not one.is_signed))
    verdict.must_be_none("calls misreported", _misreported_calls(taken, kept))


def _is_excused(one, call, refused):
    if call is None:
        return one.is_open
    if call.state == "skipped":
        return call.reason in one.reasons
    return call.state == "failed" and f"msg_{call.reference}" in refused


def _misreported_calls(taken, kept):
    """The books say taken, and it was not, or under another id."""
    heard = {(one.webhook_id, one.key) for one in taken}
    for call in kept:
        if call.state == "taken" and (f"msg_{call.reference}", call.key) not in heard:
            yield f"{call.key} ({call.pk})"


def judge_consents(verdict, feed, stretches, consents, texts):
    """Every text was kept once, customers' consents are what they wrote, and the law went by them while they held."""
    told, kept = {text["id"] for text in feed["texts"]}, Counter(texts)
    verdict.counts |= {"texts written": len(told)}
    verdict.must_be_none("texts lost", told - kept.keys())
    verdict.must_be_none("texts doubled", (id for id, times in kept.items() if times > 1))
    right = {one["external_id"]: consent_after(one, feed["texts"]) for one in feed["customers"]}
    wrong = (f"{who} is {consents[who]}, not {consent}" for who, consent in right.items() if consents[who] != consent)
    verdict.must_be_none("consents wrong", wrong)
    ruled = [(one, *ruling) for one in stretches for ruling in _ruled_within(one)]
    verdict.counts |= {"ruled on while a consent held": len(ruled)}
    against = (
        f"{pk} of {one.customer} ({one.consent}): {state}"
        for one, pk, state, reason in ruled
        if _is_against(one.consent, state, reason)
    )
    verdict.must_be_none("against consent", against)


def _ruled_within(stretch):
    """Messages whose fate was decided between both looks: not there at first, or still to be ruled on then."""
    for pk, (_is_open, state, reason) in stretch.at_last.items():
        was_open, *_rest = stretch.at_first.get(pk, (True,))
        if was_open and state in ENDED:
            yield pk, state, reason


def _is_against(consent, state, reason):
    return state != "skipped" if consent == "refused" else consent == "given" and reason in CONSENT_REASONS


def _is_lost(one, times, by_key, refusals):
    """Not taken, and the books do not say that nobody knows, nor the providers that they refused it."""
    if one.key in times or _waits(one, by_key) or _need_not_be(one, by_key) or _is_withheld(one, by_key):
        return False
    message = by_key.get(one.key)
    if message is None or message.state not in {"unknown", "rejected"}:
        return True
    return message.state == "rejected" and not refusals.explain(message)


def _is_withheld(one, by_key):
    """The books say why it was not sent, and that may have been so."""
    return one.key in by_key and by_key[one.key].state == "skipped" and by_key[one.key].reason in one.reasons


def _misreported(taken, kept):
    """The books say that a text left, and no provider took it; or that it did not, and one did."""
    references = {one.reference for one in taken}
    for message in kept:
        was_taken = message.reference in references
        if message.state != "unknown" and was_taken != (message.state in SENT):
            yield f"{message.key} ({message.pk}) is {message.state}, and was {'' if was_taken else 'not '}taken"


def _out_of_order(taken, kept):
    """Of an order one text is in flight, in the order of its changes: but for those that ended in doubt, or that were
    not owed yet when a later one was. That is told by keys, which no step of the clock turns back and which are drawn
    as rows are written, and by times, which are older than the keys of a batch by as long as it took."""
    first_taken = {}
    for one in taken:
        first_taken[one.reference] = min(one.at, first_taken.get(one.reference, one.at))
    last = {}
    for message in sorted(kept, key=lambda message: (message.change, message.pk)):
        if message.reference not in first_taken:
            continue
        before = last.get(message.order)
        if before is None or first_taken[before.reference] <= first_taken[message.reference]:
            last[message.order] = message
        elif not message.befell and not before.befell and _was_owed_first(before, message):
            yield f"{before.key} ({before.pk}) after {message.key} ({message.pk})"


def _was_owed_first(before, message):
    return before.pk < message.pk and before.created_at <= message.created_at


def _tell(key, taken, by_key):
    """All that is known of a text, to see how that could be."""
    by_whom = ", ".join(f"{one.provider} at {one.at:.2f}" for one in taken if one.key == key) or "nobody"
    message = by_key.get(key)
    kept = f"message {message.pk} is {message.state}; {'; '.join(message.befell)}" if message else "no message"
    return f"{key}: taken by {by_whom}; {kept}"
