"""What a marketer designs, what runs, what it owes to the outside, and what the outside says to it."""

from campaigns.models.audits import Audit
from campaigns.models.awaiting import Awaited, Wake
from campaigns.models.breakers import Breaker
from campaigns.models.campaigns import (
    Activation,
    BackFill,
    Campaign,
    CampaignState,
    CampaignVersion,
    Former,
    From,
    Unfinished,
    UntoldCount,
    Watch,
)
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
from campaigns.models.runs import (
    CHANGE,
    CREATION,
    OVERDUE_AFTER,
    Admission,
    Quota,
    Run,
    RunEvent,
    RunState,
    StepTally,
)
from campaigns.models.webhooks import CallSkip, CallState, WebhookCall, WebhookEndpoint

__all__ = [
    "CHANGE",
    "CREATION",
    "OVERDUE_AFTER",
    "Activation",
    "Admission",
    "Audit",
    "Awaited",
    "BackFill",
    "Breaker",
    "CallSkip",
    "CallState",
    "Campaign",
    "CampaignState",
    "CampaignVersion",
    "Deliver",
    "Encoding",
    "Fate",
    "Former",
    "From",
    "IncomingText",
    "Lane",
    "Message",
    "MessageEvent",
    "MessageState",
    "PhoneText",
    "Purpose",
    "Quota",
    "Receipt",
    "Run",
    "RunEvent",
    "RunState",
    "SkipReason",
    "SmsGateway",
    "StepTally",
    "Unfinished",
    "UntoldCount",
    "Wake",
    "Watch",
    "WebhookCall",
    "WebhookEndpoint",
]
