"""What a marketer designs, what runs, what it owes to the outside, and what the outside says to it."""

from campaigns.models.audits import Audit
from campaigns.models.campaigns import Activation, Campaign, CampaignState, CampaignVersion, From, Watch
from campaigns.models.gateways import Fate, IncomingText, PhoneText, Receipt, SmsGateway
from campaigns.models.lanes import Lane
from campaigns.models.messages import (
    Deliver,
    Encoding,
    Message,
    MessageEvent,
    MessageState,
    Purpose,
    SkipReason,
)
from campaigns.models.runs import OVERDUE_AFTER, Admission, Run, RunEvent, RunState

__all__ = [
    "OVERDUE_AFTER",
    "Activation",
    "Admission",
    "Audit",
    "Campaign",
    "CampaignState",
    "CampaignVersion",
    "Deliver",
    "Encoding",
    "Fate",
    "From",
    "IncomingText",
    "Lane",
    "Message",
    "MessageEvent",
    "MessageState",
    "PhoneText",
    "Purpose",
    "Receipt",
    "Run",
    "RunEvent",
    "RunState",
    "SkipReason",
    "SmsGateway",
    "Watch",
]
