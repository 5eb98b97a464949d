"""The window in which a customer is erased."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget

from customers.erasing import Reason, erase
from customers.models import Customer
from workspace.screens import Screen, close_window

TO_ERASE = "customers.erase_customer"


class ReasonForm(forms.Form):
    reason = forms.ChoiceField(
        label=gettext_lazy("Why?"), choices=Reason.choices, widget=UnfoldAdminRadioSelectWidget, initial=Reason.ASKED
    )


def urls(screen: Screen) -> list[URLPattern]:
    """For CustomerScreen.get_urls."""

    def window(request: HttpRequest, pk: int) -> HttpResponse:
        return _window(screen, request, pk)

    return [path("<int:pk>/erase/", screen.admin_site.admin_view(window), name="customers_erase")]


def _window(screen: Screen, request: HttpRequest, pk: int) -> HttpResponse:
    if not request.user.has_perm(TO_ERASE):
        raise PermissionDenied
    customer: Customer | None = screen.found(request, str(pk))
    if customer is None:
        raise Http404
    back = reverse("admin:customers_customer_change", args=[customer.pk])
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        erase(customer, Reason(form.cleaned_data["reason"]), request)
        messages.success(request, _("The customer was erased. Nothing but the id is kept."))
        return close_window(request, back)
    return screen.window(request, "customers/erase.html", _("Erase “%s”?") % customer, customer, form=form, back=back)
