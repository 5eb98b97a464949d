"""Orders, what was heard of them, and their history. One that is there is moved by “Change status” alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from customers.models import Customer
from orders import unknown_codes_admin  # noqa: F401 - it registers itself
from orders.by_hand import SeenOtherwise, change_status
from orders.drawing import Block, draw_block, draw_lines
from orders.models import InboxVerdict, Order, SilentBecause, Speaker, StatusChange, StatusTransition
from orders.standing import STATUS_FIELDS, TYPES
from orders.timeline import type_name
from statuses.models import OrderStatus, StatusType
from workspace import timeline
from workspace.exports import Export, column, columns
from workspace.local_formats import money
from workspace.local_time import workspace_of
from workspace.models import Workspace
from workspace.money import BadMoney, to_minor
from workspace.narrowed import NarrowedScreen
from workspace.screens import Facts, ReadOnlyScreen, close_window, code, link, moment, nothing, pill
from workspace.sessions import polled

# By type, the code of the status that an order has, or had when it moved.
STATUS_CODES = [column(field, f"{field}.code") for field in STATUS_FIELDS.values()]
# Customers that the form of a new order offers.
MOST_OFFERED = 50
WHAT_SHOPS_TELL = ("lines", "delivery", "payment", "custom")


class OrdersScreen(ReadOnlyScreen):
    """A screen that is not there while Orders is off."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return workspace_of(request).orders_enabled and super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return workspace_of(request).orders_enabled and super().has_module_permission(request)


class StatusFilter(admin.SimpleListFilter):
    """Orders by their current status of one type: the statuses of that type alone."""

    type: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        statuses = OrderStatus.objects.of_type(self.type).values_list("pk", "name")
        return [("none", _("None yet")), *((str(pk), name) for pk, name in statuses)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        chosen = self.value()
        if not chosen:
            return queryset
        field = f"{STATUS_FIELDS[self.type]}_id"
        if chosen == "none":
            return queryset.filter(**{f"{field}__isnull": True})
        return queryset.filter(**{field: chosen}) if chosen.isdecimal() else queryset.none()


class GeneralFilter(StatusFilter):
    type, title, parameter_name = StatusType.GENERAL, StatusType.GENERAL.label, "general_status"


class DeliveryFilter(StatusFilter):
    type, title, parameter_name = StatusType.DELIVERY, StatusType.DELIVERY.label, "delivery_status"


class PaymentFilter(StatusFilter):
    type, title, parameter_name = StatusType.PAYMENT, StatusType.PAYMENT.label, "payment_status"


class ChangeForm(forms.Form):
    """To which status, and what the person saw when they chose."""

    to = forms.ModelChoiceField(
        label=gettext_lazy("New status"),
        queryset=OrderStatus.objects.none(),
        empty_label=gettext_lazy("Choose a status"),
        widget=UnfoldAdminSelectWidget(attrs={"autofocus": True}),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, type: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = OrderStatus.objects.of_type(type).offered()  # type: ignore[attr-defined]


class NewOrderForm(forms.ModelForm):  # type: ignore[type-arg]
    """An order that no system tells of: taken by phone, or made to try a campaign."""

    customer = forms.ModelChoiceField(
        label=gettext_lazy("Customer"),
        queryset=Customer.objects.all(),
        to_field_name="external_id",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"list": "customers", "autocomplete": "off"}),
        help_text=gettext_lazy("Who gets its texts: the customer’s id. Who is not there yet is added under Customers."),
        error_messages={"invalid_choice": gettext_lazy("There is no customer with this id. Add the customer first.")},
    )
    total = forms.CharField(
        label=gettext_lazy("Total"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    class Meta:
        model = Order
        fields = ("external_id", "customer", "total", *STATUS_FIELDS.values())
        labels: ClassVar = {"external_id": gettext_lazy("Order number")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = Workspace.current().currency
        self.fields["total"].help_text = _("In %s, such as 12.30.") % self.currency
        for type, field in STATUS_FIELDS.items():
            statuses = OrderStatus.objects.of_type(type).offered()
            self.fields[field] = forms.ModelChoiceField(
                label=type_name(type),
                queryset=statuses,
                required=False,
                empty_label=_("None yet"),
                widget=UnfoldAdminSelectWidget,
            )

    def clean_total(self) -> int | None:
        """In minor units."""
        written = self.cleaned_data["total"].strip()
        try:
            return to_minor(written, self.currency) if written else None
        except BadMoney as error:
            raise forms.ValidationError(str(error)) from None


@admin.register(Order)
class OrderScreen(NarrowedScreen, OrdersScreen):
    form = NewOrderForm
    fieldsets = (
        (None, {"fields": ("external_id", "customer", "total")}),
        (gettext_lazy("Where it stands"), {"fields": tuple(STATUS_FIELDS.values())}),
    )
    add_form_template = "orders/add.html"
    how_they_come = gettext_lazy(
        "A shop’s system tells of them over the API, or they are loaded from a file. One can be added by hand, too."
    )
    list_display = (
        "external_id",
        "customer_shown",
        "general_shown",
        "delivery_shown",
        "payment_shown",
        "total_shown",
        "ordered",
    )
    list_display_links = ("external_id",)
    list_select_related = ("customer", *STATUS_FIELDS.values())
    search_fields = ("^external_id", "^customer__external_id")
    search_help_text = gettext_lazy("Order or customer id")
    personal_search_fields = ("^customer__phone", "^customer__last_name")
    personal_search_help_text = gettext_lazy("Order or customer id, phone, last name")
    list_filter = (GeneralFilter, DeliveryFilter, PaymentFilter)
    export = Export(
        "orders",
        [
            column("external_id"),
            column("customer", "customer.external_id"),
            *columns("total", "currency", "ordered_at"),
            *STATUS_CODES,
            column("lines"),
            *columns("delivery", "payment", "custom", is_personal=True),
            *columns("created_at", "updated_at"),
        ],
        related=("customer", *STATUS_FIELDS.values()),
    )

    def get_urls(self) -> list[URLPattern]:
        change = self.admin_site.admin_view(self.change_status_view)
        happened = self.admin_site.admin_view(require_GET(polled(self.happened_view)))
        return [
            path("<int:pk>/happened/", happened, name="orders_order_happened"),
            path("<int:pk>/change-status/<slug:type>/", change, name="orders_order_change_status"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Not for those who do not see customers: an order is somebody's."""
        may = workspace_of(request).orders_enabled and request.user.has_perm("orders.add_order")
        return may and may_see_customers(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Customers are found by typing: the newest are offered, by name to those who may see names."""
        newest = Customer.objects.order_by("-pk")[:MOST_OFFERED] if self.sees_personal_data(request) else ()
        answer: HttpResponse = super().add_view(request, form_url, {**(extra_context or {}), "customers": newest})
        return answer

    def save_model(self, request: HttpRequest, obj: Order, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """As any save, and so the statuses it is made with start campaigns."""
        obj.total_minor, obj.currency = form.cleaned_data["total"], form.currency
        obj.speaker = Speaker(actor_id=request.user.pk)
        obj.save()

    def response_post_save_add(self, request: HttpRequest, obj: Order) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:orders_order_change", args=[obj.pk]))

    def may_change(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("orders.change_order")

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        if may_see_customers(request):
            return self.list_display
        return ["customer_id_shown" if column == "customer_shown" else column for column in self.list_display]

    def sees_personal_data(self, request: HttpRequest) -> bool:
        return may_see_customers(request) and super().sees_personal_data(request)

    @admin.display(description=gettext_lazy("Customer"))
    def customer_shown(self, order: Order) -> Any:
        return order.customer or nothing()

    @admin.display(description=gettext_lazy("Customer"))
    def customer_id_shown(self, order: Order) -> Any:
        return order.customer.external_id if order.customer else nothing()

    @admin.display(description=StatusType.GENERAL.label, ordering="general_status__position")
    def general_shown(self, order: Order) -> Any:
        return _status(order.general_status)

    @admin.display(description=StatusType.DELIVERY.label, ordering="delivery_status__position")
    def delivery_shown(self, order: Order) -> Any:
        return _status(order.delivery_status)

    @admin.display(description=StatusType.PAYMENT.label, ordering="payment_status__position")
    def payment_shown(self, order: Order) -> Any:
        return _status(order.payment_status)

    @admin.display(description=gettext_lazy("Total"), ordering="total_minor")
    def total_shown(self, order: Order) -> Any:
        return _money(order)

    @admin.display(description=gettext_lazy("Ordered"), ordering="ordered_at")
    def ordered(self, order: Order) -> str:
        return moment(order.ordered_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The order's page: where it stands, what it is, and all that happened to it."""
        order: Order | None = self.found(request, object_id)
        if order is None:
            return self.missing(request, object_id)
        return self.page(
            request,
            "orders/order.html",
            order.external_id,
            order,
            statuses=[(type, type_name(type), getattr(order, STATUS_FIELDS[type])) for type in TYPES],
            may_change=self.may_change(request),
            facts=self._facts(request, order),
            lines=draw_lines(order.lines),
            blocks=_blocks(order),
            **self._happened(request, order),
        )

    def happened_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of the page that goes on by itself."""
        order: Order | None = self.found(request, str(pk))
        if order is None:
            raise Http404
        return render(request, "orders/happened.html", {"original": order, **self._happened(request, order)})

    def _happened(self, request: HttpRequest, order: Order) -> dict[str, Any]:
        entries = timeline.entries(order, request.user)
        return {"entries": entries, "goes_on": any(entry.goes_on for entry in entries)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        rows: QuerySet[Order] = super().get_queryset(request).select_related("customer", *STATUS_FIELDS.values())
        return rows

    def _facts(self, request: HttpRequest, order: Order) -> Facts:
        return [
            (_("Customer"), _customer(order.customer, request)),
            (_("Total"), _money(order)),
            (_("Ordered"), moment(order.ordered_at)),
            (_("Known since"), moment(order.created_at)),
            *([(_("Delivery, payment, custom fields"), nothing(_("hidden from you")))] if order.is_masked else []),
        ]

    def change_status_view(self, request: HttpRequest, pk: int, type: str) -> HttpResponse:
        """The window “Change status”. Told that the order moved meanwhile, the person decides again."""
        order: Order | None = self.found(request, str(pk))
        if not self.may_change(request):
            raise PermissionDenied
        if order is None or type not in TYPES:
            raise Http404
        current: OrderStatus | None = getattr(order, STATUS_FIELDS[type])
        posted = request.POST if request.method == "POST" else None
        form, moved = ChangeForm(type, posted, initial={"seen": current and current.pk}), None
        back = reverse("admin:orders_order_change", args=[order.pk])
        if form.is_valid():
            to, seen = form.cleaned_data["to"], form.cleaned_data["seen"]
            try:
                change_status(order.pk, to, seen=seen, actor_id=request.user.pk)
            except SeenOtherwise as otherwise:
                current = otherwise.now
                moved = _moved(current, seen)
                form = ChangeForm(type, {"to": to.pk, "seen": current.pk if current else ""})
            else:
                messages.success(request, _("%(type)s is now %(to)s.") % {"type": type_name(type), "to": to})
                return close_window(request, back)
        title = _("Change %(type)s status of %(order)s") % {"type": type_name(type).lower(), "order": order}
        return self.window(
            request,
            "orders/change_status.html",
            title,
            order,
            form=form,
            current=current,
            moved=moved,
            back=back,
            type=type,
        )


@admin.register(StatusChange)
class StatusChangeScreen(OrdersScreen):
    """What sources said, as they said it."""

    list_display = ("received", "order_external_id", "said", "verdict_shown", "occurred", "source", "event_id_shown")
    list_display_links = ("received",)
    list_filter = ("verdict", "type", "source", "is_test")
    list_select_related = ("source", "status")
    search_fields = ("=order_external_id", "=event_id")
    search_help_text = gettext_lazy("Exact order or event id")
    ordering = ("-id",)
    sortable_by = ()
    export = Export(
        "status-changes",
        [
            column("id"),
            column("source", "source.code"),
            column("event_id"),
            column("order", "order_external_id"),
            *columns("type", "code", "occurred_at", "sequence", "received_at"),
            column("outcome", "verdict"),
            *columns("parked_until", "fires", "is_test"),
        ],
        related=("source",),
    )

    @admin.display(description=gettext_lazy("Received"))
    def received(self, change: StatusChange) -> str:
        return moment(change.received_at, seconds=True)

    @admin.display(description=gettext_lazy("Occurred"))
    def occurred(self, change: StatusChange) -> str:
        return moment(change.occurred_at, seconds=True)

    @admin.display(description=gettext_lazy("Said"))
    def said(self, change: StatusChange) -> str:
        return f"{type_name(change.type)}: {change.status or change.code}"

    @admin.display(description=gettext_lazy("What became of it"))
    def verdict_shown(self, change: StatusChange) -> str:
        return pill(change.get_verdict_display(), VERDICT_TONES.get(InboxVerdict(change.verdict), ""))

    @admin.display(description=gettext_lazy("Event id"))
    def event_id_shown(self, change: StatusChange) -> str:
        return code(change.event_id[:16]) if change.event_id else nothing()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        change: StatusChange | None = self.found(request, object_id)
        if change is None:
            return self.missing(request, object_id)
        facts: Facts = [
            (_("Order"), _order_link(request, change.order_id, change.order_external_id)),
            (_("Said"), self.said(change)),
            (_("What became of it"), self.verdict_shown(change)),
            (_("Source"), change.source),
            (_("Occurred"), moment(change.occurred_at, seconds=True)),
            (_("Received"), moment(change.received_at, seconds=True)),
            (_("Event id"), code(change.event_id) if change.event_id else nothing()),
            (_("Sequence"), nothing() if change.sequence is None else change.sequence),
            (_("May start campaigns"), _("Yes") if change.fires else _("No, told as history")),
            (_("Kept until"), moment(change.parked_until)),
            (_("By a test key"), _("Yes") if change.is_test else _("No")),
        ]
        return self.page(request, "workspace/facts_page.html", str(change), change, facts=facts)


@admin.register(StatusTransition)
class StatusTransitionScreen(OrdersScreen):
    """Every move of every order. Rows are added, never changed."""

    list_display = ("occurred", "order", "type", "went", "source", "silent_shown")
    list_display_links = ("occurred",)
    list_filter = ("type", "silent_because", "source")
    list_select_related = ("order", "from_status", "to_status", "source")
    search_fields = ("=order__external_id",)
    search_help_text = gettext_lazy("Exact order id")
    ordering = ("-id",)
    sortable_by = ()
    export = Export(
        "transitions",
        [
            column("id"),
            column("order", "order.external_id"),
            column("type"),
            column("from", "from_status.code"),
            column("to", "to_status.code"),
            *columns("occurred_at", "received_at"),
            column("source", "source.code"),
            *columns("actor_id", "silent_because", "is_test"),
            column("customer", "customer.external_id"),
            *columns("total", "currency"),
            *STATUS_CODES,
        ],
        related=("order", "customer", "source", "from_status", "to_status", *STATUS_FIELDS.values()),
        unread=tuple(f"order__{block}" for block in WHAT_SHOPS_TELL),
    )

    @admin.display(description=gettext_lazy("Occurred"))
    def occurred(self, row: StatusTransition) -> str:
        return moment(row.occurred_at, seconds=True)

    @admin.display(description=gettext_lazy("Went"))
    def went(self, row: StatusTransition) -> str:
        return f"{row.from_status or _('none')} → {row.to_status}"

    @admin.display(description=gettext_lazy("Campaigns"))
    def silent_shown(self, row: StatusTransition) -> str:
        return pill(SilentBecause(row.silent_because).label, "" if row.silent_because else "good")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row: StatusTransition | None = self.found(request, object_id)
        if row is None:
            return self.missing(request, object_id)
        actor = get_user_model().objects.filter(pk=row.actor_id).first() if row.actor_id else None
        facts: Facts = [
            (_("Order"), _order_link(request, row.order_id, row.order.external_id)),
            (_("Type"), type_name(row.type)),
            (_("Went"), self.went(row)),
            (_("Occurred"), moment(row.occurred_at, seconds=True)),
            (_("Received"), moment(row.received_at, seconds=True)),
            (_("Source"), row.source),
            (_("Person"), actor or nothing()),
            (_("Campaigns"), self.silent_shown(row)),
            (_("Order total then"), _money(row)),
        ]
        title = f"{row.order} · {self.went(row)}"
        return self.page(request, "workspace/facts_page.html", title, row, where_title=title, facts=facts)


VERDICT_TONES = {InboxVerdict.MOVED: "good", InboxVerdict.LATE: "warning", InboxVerdict.PARKED: "warning"}


def _blocks(order: Order) -> list[tuple[str, str, Block]]:
    """What the shop told beside the columns, without what is empty: an id, a title, and what is drawn."""
    titles = {"delivery": _("Delivery"), "payment": _("Payment"), "custom": _("Custom fields")}
    drawn = ((name, title, draw_block(getattr(order, name))) for name, title in titles.items())
    return [(name, title, block) for name, title, block in drawn if block]


def may_see_customers(request: HttpRequest) -> bool:
    """Others know a customer by the id alone."""
    return request.user.has_perm("customers.view_customer")


def _customer(customer: Customer | None, request: HttpRequest) -> Any:
    if customer is None:
        return nothing()
    if not may_see_customers(request):
        return customer.external_id
    return link(reverse("admin:customers_customer_change", args=[customer.pk]), str(customer))


def _status(status: OrderStatus | None) -> Any:
    return pill(status.name) if status else nothing()


def _money(row: Order | StatusTransition) -> Any:
    return nothing() if row.total is None else money(row.total, row.currency)


def _moved(now: OrderStatus | None, seen: int | None) -> str:
    saw = OrderStatus.objects.filter(pk=seen).first() if seen else None
    nowhere = _("without a status")
    return _("This order is now %(now)s; you saw %(saw)s.") % {"now": now or nowhere, "saw": saw or nowhere}


def _order_link(request: HttpRequest, order_id: int | None, external_id: str) -> Any:
    if not request.user.has_perm("orders.view_order"):
        return external_id
    return link(reverse("admin:orders_order_change", args=[order_id]), external_id) if order_id else external_id
