"""An installation with one of everything that has a page, for tests that go through all of its addresses."""

from django.contrib.auth.models import Group

from analytics import lists, segments
from analytics.models import Member
from campaigns.lifecycle import save_draft
from campaigns.models import IncomingText, Message, SmsGateway, WebhookCall
from orders.models import StatusChange, StatusTransition, UnknownCode
from orderstatus_project.demo.shop import SOURCE, VISITORS_ORDER
from tests.campaigns.shop import definition, sms, webhook
from tests.campaigns.webhooks.receiver import endpoint
from tests.factories import SourceFactory
from workspace.models import Action, ApiKey, User


def one_of_everything(shop):
    """As arguments of addresses and as bodies of requests, for `matrix.fill`."""
    shop.source = SourceFactory(code=SOURCE)
    told = endpoint()
    shop.start(sms(text="Hello"), webhook(endpoint="nobody"))
    run = shop.pay(VISITORS_ORDER)
    key, _secret = ApiKey.objects.issue(name="Shop", source=shop.source, scopes=["orders:read"])
    text = IncomingText.objects.create(
        gateway="acme", gateway_id="1", phone="+16025550100", text="Hi", meaning="other",
        occurred_at=run.entered_at, received_at=run.entered_at,
    )  # fmt: skip
    gateway = SmsGateway.objects.create(code="acme", name="Acme", kind="http")
    friends = segments.create(code="friends", name="Friends")
    lists.add(friends, [run.customer.external_id])
    change = StatusChange.objects.filter(order=run.order).latest("pk")
    unknown = UnknownCode.objects.create(
        source=shop.source,
        type="payment",
        code="payd",
        code_key="payd",
        times=1,
        order_external_id="O-1",
        first_seen_at=run.entered_at,
        last_seen_at=run.entered_at,
    )
    return {
        "run_id": run.pk,
        "number": 1,
        "type": "payment",
        "code": "paid",
        "report": "funnel",
        "file": "csv",
        "app_label": "orders",
        "url": "nowhere/",
        "external_id": run.order.external_id,
        "gateway": "acme",
        "content_type_id": 1,
        "/admin/auth/group/": Group.objects.create(name="Our own").pk,
        "/admin/workspace/user/": User.objects.create_user("grace", is_staff=True).pk,
        "/admin/workspace/workspace/": 1,
        "/admin/orders/unknowncode/": unknown.pk,
        "/admin/workspace/action/": Action.objects.create(verb="created", who="grace").pk,
        "/admin/workspace/source/": shop.source.pk,
        "/admin/workspace/apikey/": key.pk,
        "/admin/statuses/orderstatus/": shop.statuses["shipped"].pk,
        "/admin/customers/customer/": run.customer_id,
        "/admin/orders/order/": run.order_id,
        "/admin/orders/statuschange/": change.pk,
        "/admin/orders/statustransition/": StatusTransition.objects.latest("pk").pk,
        # What ran stays, a draft may go.
        "/admin/campaigns/campaign/<path:object_id>/delete/": save_draft(definition(sms(), code="draft"))[0].pk,
        "/admin/campaigns/campaign/": run.campaign_id,
        "/admin/campaigns/run/": run.pk,
        "/admin/campaigns/message/": Message.objects.latest("pk").pk,
        "/admin/campaigns/incomingtext/": text.pk,
        "/admin/campaigns/smsgateway/": gateway.pk,
        "/admin/campaigns/webhookendpoint/": told.pk,
        "/admin/campaigns/webhookcall/": WebhookCall.objects.latest("pk").pk,
        "/admin/analytics/segment/": friends.pk,
        "/admin/analytics/member/": Member.objects.latest("pk").pk,
        "key": "never-ordered",
        "/admin/r/": 1,
        "/api/v1/runs/": run.pk,
        "/api/v1/unknown-codes/": unknown.pk,
        "/api/v1/messages/": Message.objects.latest("pk").pk,
        "bodies": {
            "/admin/start/move/": {"status": shop.statuses["invoiced"].pk},
            "/admin/start/again/": {"mine": change.pk},
            "/admin/campaigns/campaign/frequency/": {},
        },
    }
