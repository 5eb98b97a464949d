"""Lists on the screen: customers pasted or brought in a file, and what became of each line."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from analytics import lists, segments
from analytics.lists import MOST_BYTES, TakenIn
from analytics.models import Segment
from analytics.segments import Refusal
from workspace import history
from workspace.files import BadFile
from workspace.local_formats import number
from workspace.models import User, Verb
from workspace.screens import Screen

ADD, REPLACE = "add", "replace"


def urls(screen: Screen) -> list[URLPattern]:
    """For SegmentScreen.get_urls."""
    pages, wrap = _Pages(screen), screen.admin_site.admin_view
    return [
        path("list/", wrap(pages.make), name="analytics_segment_list_new"),
        path("<int:pk>/list/", wrap(pages.bring), name="analytics_segment_list"),
    ]


class LinesForm(forms.Form):
    lines = forms.CharField(
        label=gettext_lazy("Customers"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false", "class": "sg-lines"}),
        help_text=gettext_lazy("One a line: the customer's id, or a phone number."),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=gettext_lazy(
            "CSV in UTF-8: its column external_id or phone, or else the first. At most 5 MiB and 50,000 lines."
        ),
    )
    how = forms.ChoiceField(
        label=gettext_lazy("What becomes of those who are on it"),
        choices=[(ADD, gettext_lazy("They stay, these come in addition")), (REPLACE, gettext_lazy("All others go"))],
        initial=ADD,
        widget=UnfoldAdminRadioSelectWidget,
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "file" not in self.errors and "lines" not in self.errors:
            cleaned["written"] = self._read(cleaned)
        return cleaned

    def _read(self, cleaned: dict[str, Any]) -> list[str]:
        where = "file" if cleaned.get("file") else "lines"
        try:
            text = _text_of(cleaned["file"]) if where == "file" else cleaned["lines"]
            written = lists.read_lines(text)
        except BadFile as error:
            self.add_error(where, str(error))
            return []
        if not written:
            self.add_error("lines", _("Name at least one customer, or choose a file."))
        return written


class NewListForm(LinesForm):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True, "data-suggests": "id_code", "autocomplete": "off"}),
    )
    code = forms.SlugField(
        label=gettext_lazy("Code"),
        max_length=64,
        widget=UnfoldAdminTextInputWidget(
            attrs={"data-suggested": "ascii", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text=gettext_lazy("For campaigns, files and the API. It cannot be changed later."),
    )
    field_order = ("name", "code", "lines", "file")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["how"]


class _Pages:
    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def make(self, request: HttpRequest) -> HttpResponse:
        if not self.screen.has_add_permission(request):
            raise PermissionDenied
        form = NewListForm(request.POST or None, request.FILES or None)
        if form.is_valid() and (made := self._make(request, form)):
            return self._take_in(request, made, form)
        return self._page(request, None, form)

    def bring(self, request: HttpRequest, pk: int) -> HttpResponse:
        segment: Segment | None = self.screen.found(request, str(pk), to_change=True)
        if segment is None or not segment.is_list:
            raise Http404
        form = LinesForm(request.POST or None, request.FILES or None)
        return self._take_in(request, segment, form) if form.is_valid() else self._page(request, segment, form)

    def _make(self, request: HttpRequest, form: forms.Form) -> Segment | None:
        assert isinstance(request.user, User)
        try:
            with transaction.atomic():
                made = segments.create(code=form.cleaned_data["code"], name=form.cleaned_data["name"], by=request.user)
                self.screen.log_addition(request, made)
        except Refusal as refusal:
            form.add_error("code", refusal.detail)
            return None
        return made

    def _take_in(self, request: HttpRequest, segment: Segment, form: forms.Form) -> HttpResponse:
        """What was not found is shown, to be copied: nothing that somebody brought is lost."""
        sees_personal_data = self.screen.sees_personal_data(request)
        replaces = form.cleaned_data.get("how") == REPLACE
        with transaction.atomic():
            taken = lists.add(segment, form.cleaned_data["written"], replaces=replaces, by_phone=sees_personal_data)
            counts = {"created": taken.entered, "deleted": taken.left}
            history.record(request, Verb.CHANGED, segment, counts=counts)
        return self.screen.page(
            request,
            "analytics/segments/taken_in.html",
            segment.name,
            segment,
            told=list(_told(taken)),
            not_found="\n".join(taken.not_found),
            not_found_count=_not_found(taken),
            knows_phones=sees_personal_data,
        )

    def _page(self, request: HttpRequest, segment: Segment | None, form: forms.Form) -> HttpResponse:
        back = reverse("admin:analytics_segment_change", args=[segment.pk]) if segment else _list()
        title = segment.name if segment else _("Import a list")
        return self.screen.page(request, "analytics/segments/list.html", title, segment, form=form, back=back)


def _list() -> str:
    return reverse("admin:analytics_segment_changelist")


def _text_of(file: Any) -> str:
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BadFile(_("The file is larger than 5 MiB. Bring it in parts."))
    try:
        return str(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadFile(_("The file is not UTF-8. Save it as “CSV UTF-8”.")) from None


def _told(taken: TakenIn) -> Any:
    """What became of the lines, in sentences."""
    yield ngettext("%s customer was put on it.", "%s customers were put on it.", taken.entered) % number(taken.entered)
    if taken.there_already:
        words = ngettext("%s was on it already.", "%s were on it already.", taken.there_already)
        yield words % number(taken.there_already)
    if taken.left:
        yield ngettext("%s was taken off it.", "%s were taken off it.", taken.left) % number(taken.left)


def _not_found(taken: TakenIn) -> str:
    count = len(taken.not_found)
    return ngettext("%s line is no customer:", "%s lines are no customers:", count) % number(count) if count else ""
