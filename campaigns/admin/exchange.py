"""How campaigns come and go: begun from a starter, copied, taken from a file and given as one, put into the archive."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from unfold.widgets import UnfoldAdminFileFieldWidget

from campaigns import archiving
from campaigns.admin.listing import LIST, CampaignListing
from campaigns.definitions import in_order
from campaigns.exchange import MOST_BYTES, Look, Verdict, look
from campaigns.lifecycle import DraftChanged, WrongState, save_draft
from campaigns.models import Campaign
from campaigns.starters import STARTERS, begin
from workspace import history
from workspace.models import User, Verb
from workspace.screens import close_window, list_behind

TONES = {Verdict.NEW: "good", Verdict.CHANGED: "info", Verdict.SAME: "", Verdict.WRONG: "bad"}
LABELS = {
    Verdict.NEW: gettext_lazy("New"),
    Verdict.CHANGED: gettext_lazy("Changed"),
    Verdict.SAME: gettext_lazy("As it is"),
    Verdict.WRONG: gettext_lazy("Wrong"),
}


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".json,application/json"}),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": gettext_lazy("The file is empty.")},
        help_text=gettext_lazy("One campaign as JSON, as it is exported. At most 1 MiB."),
    )


class CampaignExchange(CampaignListing):
    """The part of the campaigns' screen by which they come and go."""

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "campaigns_campaign_%s"
        return [
            path("new/", wrap(require_GET(self.new_view)), name=name % "new"),
            path("import/", wrap(self.import_view), name=name % "import"),
            path("<int:pk>/export/", wrap(require_GET(self.file_view)), name=name % "export"),
            path("<int:pk>/copy/", wrap(require_POST(self.copy_view)), name=name % "copy"),
            path("<int:pk>/archive/", wrap(require_POST(self.archive_view)), name=name % "archive"),
            path("<int:pk>/bring-back/", wrap(require_POST(self.bring_back_view)), name=name % "bring_back"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """From scratch, or from what many begin with."""
        self._may_add(request)
        add = reverse("admin:campaigns_campaign_add")
        return self.page(request, "campaigns/new.html", _("New campaign"), starters=STARTERS.values(), add=add)

    def new_definition(self, request: HttpRequest) -> Mapping[str, Any]:
        """What the editor of a new campaign begins with."""
        return begin(request.GET.get("starter", ""))

    def copy_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A draft at once, to be changed in its editor."""
        self._may_add(request)
        campaign = self._there(request, pk)
        assert isinstance(request.user, User)
        with transaction.atomic():
            made = archiving.copy(campaign, by=request.user)
            self.log_addition(request, made)
        messages.success(request, _("This is a copy of “%s”. Nothing starts until you activate it.") % campaign)
        return close_window(request, reverse("admin:campaigns_campaign_change", args=[made.pk]))

    def archive_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        done = _("“%s” is archived. You find it under Archived.")
        return self._put(request, pk, archiving.archive, Verb.ARCHIVED, done)

    def bring_back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._put(request, pk, archiving.bring_back, Verb.BROUGHT_BACK, _("“%s” is back in the list."))

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Its draft, as `manage.py campaign export` prints it and `import` takes it."""
        campaign = self._there(request, pk)
        text = json.dumps(in_order(campaign.draft), indent=2, ensure_ascii=False) + "\n"
        answer = HttpResponse(text, content_type="application/json")
        answer.headers["Content-Disposition"] = f'attachment; filename="{campaign.code}.json"'
        return answer

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """A file, then what it would do, then doing it."""
        self._may_add(request)
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._file_page(request, FileForm())
        if "content" in request.POST:
            return self._take_in(request)
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._file_page(request, form)
        content: bytes = form.cleaned_data["file"].read(MOST_BYTES + 1)
        return self._look_page(request, content, look(content))

    def _take_in(self, request: HttpRequest) -> HttpResponse:
        """What was looked at comes back with the page, and is held against what is there by now."""
        try:
            content = base64.b64decode(request.POST["content"], validate=True)
        except (binascii.Error, ValueError):
            return HttpResponseRedirect(reverse("admin:campaigns_campaign_import"))
        looked = look(content)
        if looked.mark != request.POST.get("mark", "") or looked.verdict not in (Verdict.NEW, Verdict.CHANGED):
            return self._look_page(request, content, looked, is_another=True)
        assert isinstance(request.user, User)
        try:
            with transaction.atomic():
                revision = looked.campaign.revision if looked.campaign else 0
                campaign, is_new = save_draft(looked.definition, revision=revision, by=request.user)
                (self.log_addition if is_new else self.log_change)(request, campaign)
        except (DraftChanged, WrongState):
            return self._look_page(request, content, look(content), is_another=True)
        messages.success(request, _("Taken in as a draft. Nothing starts until you activate it."))
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))

    def _file_page(self, request: HttpRequest, form: FileForm) -> HttpResponse:
        title = _("Import a campaign")
        return self.page(request, "campaigns/import.html", title, form=form, back=reverse(LIST))

    def _look_page(
        self, request: HttpRequest, content: bytes, looked: Look, *, is_another: bool = False
    ) -> HttpResponse:
        return self.page(
            request,
            "campaigns/import_look.html",
            _("Import a campaign"),
            looked=looked,
            label=LABELS[looked.verdict],
            tone=TONES[looked.verdict],
            takes=looked.verdict in (Verdict.NEW, Verdict.CHANGED),
            is_same=looked.verdict == Verdict.SAME,
            content=base64.b64encode(content).decode(),
            is_another=is_another,
            back=reverse("admin:campaigns_campaign_import"),
        )

    def _put(
        self, request: HttpRequest, pk: int, move: Callable[[Campaign], Campaign], verb: Verb, done: str
    ) -> HttpResponse:
        campaign = self._there(request, pk, to_change=True)
        try:
            with transaction.atomic():
                history.record_changed(request, move(campaign), verb)
        except WrongState as error:
            messages.error(request, str(error))
        else:
            messages.success(request, done % campaign)
        return close_window(request, list_behind(request, LIST))

    def _may_add(self, request: HttpRequest) -> None:
        if not self.has_add_permission(request):
            raise PermissionDenied

    def _there(self, request: HttpRequest, pk: int, **how: Any) -> Campaign:
        campaign: Campaign | None = self.found(request, str(pk), **how)
        if campaign is None:
            raise Http404
        return campaign
