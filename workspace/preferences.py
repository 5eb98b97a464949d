"""My preferences: the language and the time zone in which a person reads, chosen by themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelect2Widget

from workspace import history
from workspace.languages import browser_language, language_for, name_of
from workspace.local_time import workspace_of
from workspace.models import User
from workspace.zones import named_zone, offered_zones


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False, widget=UnfoldAdminRadioSelectWidget)
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        widget=UnfoldAdminSelect2Widget,
        help_text=gettext_lazy(
            "You read and write times in it. Customers' quiet hours are kept in theirs all the same."
        ),
    )

    class Meta:
        model = User
        fields = ("language", "timezone")

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = timezone.now()
        zones = [(name, named_zone(name, now)) for name in offered_zones(self.instance.timezone)]
        home = _("The installation's: %s") % named_zone(workspace_of(request).timezone, now)
        usual = _("What your browser asks for: %s") % name_of(browser_language(request))
        self.fields["language"].choices = [("", usual), *settings.LANGUAGES]  # type: ignore[attr-defined]
        self.fields["timezone"].choices = [("", home), *zones]  # type: ignore[attr-defined]


def preferences(request: HttpRequest) -> HttpResponse:
    assert request.user.pk is not None
    me = User.objects.get(pk=request.user.pk)
    history.remember(me)
    form = PreferencesForm(request, request.POST if request.method == "POST" else None, instance=me)
    if not form.is_valid():
        return _page(request, form)
    with transaction.atomic():
        me.save(update_fields=form.fields)
        history.record_changed(request, me)
    request.user = me
    with translation.override(language_for(request)):
        messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("preferences"))


def _page(request: HttpRequest, form: PreferencesForm) -> HttpResponse:
    request.current_app = admin.site.name
    context = {**admin.site.each_context(request), "title": _("My preferences"), "form": form, "media": form.media}
    return TemplateResponse(request, "workspace/preferences.html", context)


urlpatterns = [path("preferences/", admin.site.admin_view(preferences), name="preferences")]
