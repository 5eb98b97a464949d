"""`/api/v1/`: the addresses of every app's API, in one place."""

from django.urls import path, re_path

from analytics.reports.api import ReportsView, ReportView
from analytics.segments_api import PreviewView, RefreshView, SegmentCustomersView, SegmentsView, SegmentView
from campaigns.api.campaigns import (
    ActivateView,
    CampaignsView,
    CampaignView,
    EndView,
    PauseView,
    RehearsalView,
    ResumeView,
    StepsView,
    StopBackFillView,
)
from campaigns.api.held import HeldView
from campaigns.api.messages import MessagesView, MessageView
from campaigns.api.receipts import ReceiptsView
from campaigns.api.runs import HoldRunsView, ReleaseRunsView, RetryRunsView, RunsView, RunView, StopRunsView
from customers.api import CustomersBulkView, CustomersView, CustomerView, EraseView
from orders.api.changes import StatusChangesView
from orders.api.merging import MergeView
from orders.api.orders import OrdersBulkView, OrdersView, OrderView
from orders.api.transitions import OrderTransitions, TransitionFeed
from orders.api.unknown_codes import CreateView, IgnoreView, MapView, UnknownCodesView
from orderstatus_project.api_schema import SchemaView
from statuses.api import AliasesView, AliasView, RestoreView, RetireView, StatusesView, StatusView, UsageView
from workspace.api import addresses  # noqa: F401 - registers the converter
from workspace.api.actions import ActionsView
from workspace.api.views import NothingHere

STATUS = "statuses/<str:type>/<foreign_id:code>/"

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("statuses/", StatusesView.as_view(), name="api-statuses"),
    # Codes may hold slashes, so what is asked of a status comes before the status.
    path(f"{STATUS}retire/", RetireView.as_view(), name="api-status-retire"),
    path(f"{STATUS}restore/", RestoreView.as_view(), name="api-status-restore"),
    path(f"{STATUS}merge/", MergeView.as_view(), name="api-status-merge"),
    path(f"{STATUS}usage/", UsageView.as_view(), name="api-status-usage"),
    path(f"{STATUS}aliases/", AliasesView.as_view(), name="api-status-aliases"),
    path(f"{STATUS}aliases/<foreign_id:alias>/", AliasView.as_view(), name="api-status-alias"),
    path(STATUS, StatusView.as_view(), name="api-status"),
    path("unknown-codes/", UnknownCodesView.as_view(), name="api-unknown-codes"),
    path("unknown-codes/<int:id>/map/", MapView.as_view(), name="api-unknown-code-map"),
    path("unknown-codes/<int:id>/create/", CreateView.as_view(), name="api-unknown-code-create"),
    path("unknown-codes/<int:id>/ignore/", IgnoreView.as_view(), name="api-unknown-code-ignore"),
    path("customers/", CustomersView.as_view(), name="api-customers"),
    path("customers/bulk/", CustomersBulkView.as_view(), name="api-customers-bulk"),
    path("customers/<foreign_id:external_id>/erase/", EraseView.as_view(), name="api-customer-erase"),
    path("customers/<foreign_id:external_id>/", CustomerView.as_view(), name="api-customer"),
    path("orders/", OrdersView.as_view(), name="api-orders"),
    path("orders/bulk/", OrdersBulkView.as_view(), name="api-orders-bulk"),
    path("orders/<foreign_id:external_id>/transitions/", OrderTransitions.as_view(), name="api-order-transitions"),
    path("orders/<foreign_id:external_id>/", OrderView.as_view(), name="api-order"),
    path("status-changes/", StatusChangesView.as_view(), name="api-status-changes"),
    path("transitions/", TransitionFeed.as_view(), name="api-transitions"),
    path("segments/", SegmentsView.as_view(), name="api-segments"),
    path("segments/preview/", PreviewView.as_view(), name="api-segments-preview"),
    path("segments/<slug:code>/", SegmentView.as_view(), name="api-segment"),
    path("segments/<slug:code>/customers/", SegmentCustomersView.as_view(), name="api-segment-customers"),
    path("segments/<slug:code>/refresh/", RefreshView.as_view(), name="api-segment-refresh"),
    path("campaigns/", CampaignsView.as_view(), name="api-campaigns"),
    path("campaigns/<slug:code>/", CampaignView.as_view(), name="api-campaign"),
    path("campaigns/<slug:code>/activate/", ActivateView.as_view(), name="api-campaign-activate"),
    path("campaigns/<slug:code>/held/", HeldView.as_view(), name="api-campaign-held"),
    path("campaigns/<slug:code>/pause/", PauseView.as_view(), name="api-campaign-pause"),
    path("campaigns/<slug:code>/resume/", ResumeView.as_view(), name="api-campaign-resume"),
    path("campaigns/<slug:code>/end/", EndView.as_view(), name="api-campaign-end"),
    path("campaigns/<slug:code>/rehearsal/", RehearsalView.as_view(), name="api-campaign-rehearsal"),
    path("campaigns/<slug:code>/steps/", StepsView.as_view(), name="api-campaign-steps"),
    path("campaigns/<slug:code>/stop-back-fill/", StopBackFillView.as_view(), name="api-campaign-stop-back-fill"),
    path("runs/", RunsView.as_view(), name="api-runs"),
    path("runs/hold/", HoldRunsView.as_view(), name="api-runs-hold"),
    path("runs/release/", ReleaseRunsView.as_view(), name="api-runs-release"),
    path("runs/retry/", RetryRunsView.as_view(), name="api-runs-retry"),
    path("runs/stop/", StopRunsView.as_view(), name="api-runs-stop"),
    path("runs/<int:id>/", RunView.as_view(), name="api-run"),
    path("messages/", MessagesView.as_view(), name="api-messages"),
    path("messages/<int:id>/", MessageView.as_view(), name="api-message"),
    path("actions/", ActionsView.as_view(), name="api-actions"),
    path("reports/", ReportsView.as_view(), name="api-reports"),
    path("reports/<slug:report>/", ReportView.as_view(), name="api-report"),
    path("receipts/<slug:gateway>/", ReceiptsView.as_view(), name="receipts"),
    re_path("", NothingHere.as_view()),
]
