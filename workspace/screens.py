"""What our admin screens share: read-only lists that stay fast when they grow, pages of facts, and windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

from workspace import history
from workspace.exports import Export
from workspace.local_formats import moment as moment  # a part of most screens
from workspace.models import Verb
from workspace.personal import shown_to
from workspace.roles import may_see_personal_data

Text = str | Promise

ACTIONS = "admin:workspace_action_changelist"
MAY_READ_HISTORY = "workspace.view_action"


class KeepsHistory(ModelAdmin):
    """What is done on this screen is written to the history of actions, in place of Django's own log.

    Django tells a screen of it by `log_addition` and its like; the words it brings are not needed, the rows tell more.
    """

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        obj = super().get_object(request, object_id, from_field)
        if obj is not None and request.method == "POST":
            history.remember(obj)
        return obj

    def log_addition(self, request: HttpRequest, obj: Any, message: Any = None) -> Any:
        return history.record_created(request, obj)

    def log_change(self, request: HttpRequest, obj: Any, message: Any = None) -> Any:
        return history.record_changed(request, obj)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return [history.record_deleted(request, obj) for obj in queryset]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """An object's own history is a part of the one there is."""
        if not request.user.has_perm(MAY_READ_HISTORY):
            raise PermissionDenied
        return HttpResponseRedirect(history_of(self.opts, unquote(object_id)))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context |= {"history_url": self.history_url(request, kwargs.get("obj"))}
        return super().render_change_form(request, context, *args, **kwargs)

    def history_url(self, request: HttpRequest, obj: models.Model | None) -> str:
        """Where this person finds the object's history; empty if nowhere."""
        if obj is None or not request.user.has_perm(MAY_READ_HISTORY):
            return ""
        return history_of(self.opts, obj.pk)


def history_of(opts: Any, object_id: Any) -> str:
    query = urlencode({"object_type": opts.label_lower, "object_id": object_id})
    return f"{reverse(ACTIONS)}?{query}"


def list_of(opts: Any) -> str:
    return f"admin:{_name(opts)}_changelist"


def _name(opts: Any) -> str:
    return f"{opts.app_label}_{opts.model_name}"


class Screen(KeepsHistory):
    """Our way of an admin screen."""

    list_per_page = 50
    show_full_result_count = False
    # Deleting goes one by one, where it can say what stands against it.
    actions = None
    # Beside `search_fields`, and told of by the other text, for those who may see personal data.
    personal_search_fields: Sequence[str] = ()
    personal_search_help_text: Text | None = None
    # Its list as a file, for whoever may see the list.
    export: Export | None = None

    def get_urls(self) -> list[URLPattern]:
        urls: list[URLPattern] = super().get_urls()
        if self.export is None:
            return urls
        view, name = self.admin_site.admin_view(require_GET(self.export_view)), f"{_name(self.opts)}_export"
        if self.export.offers_sheet:
            urls.insert(0, path("export/xlsx/", view, {"as_sheet": True}, name=f"{name}_sheet"))
        return [path("export/", view, name=name), *urls]

    def sees_personal_data(self, request: HttpRequest) -> bool:
        return may_see_personal_data(request.user)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return shown_to(request.user, super().get_queryset(request))

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        return (*self.search_fields, *(self.personal_search_fields if self.sees_personal_data(request) else ()))

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        rows = super().get_changelist_instance(request)
        if self.personal_search_help_text and self.sees_personal_data(request):
            rows.search_help_text = self.personal_search_help_text
        return rows

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Whoever may not see a column could guess at it by filtering."""
        is_personal = lookup.partition("__")[0] in getattr(self.model, "PERSONAL", ())
        if is_personal and not self.sees_personal_data(request):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        told = {"export_title": self.export.title(personal=self.sees_personal_data(request))} if self.export else {}
        answer: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **told})
        return answer

    def export_view(self, request: HttpRequest, *, as_sheet: bool = False) -> HttpResponseBase:
        """What the list shows. That it was taken is itself an action."""
        if self.export is None or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{reverse(list_of(self.opts))}?{ERROR_FLAG}=1")  # as the list does
        history.record(request, Verb.EXPORTED, self.model)
        return self.export.answer(rows, personal=self.sees_personal_data(request), as_sheet=as_sheet)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """One way to save; adding another is done from the list."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def page(
        self, request: HttpRequest, template: str, title: Text, obj: models.Model | None = None, **context: Any
    ) -> TemplateResponse:
        """A page of our own in the admin's frame."""
        request.current_app = self.admin_site.name
        frame = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "object": obj,
            "history_url": self.history_url(request, obj),
            "title": title,
            "subtitle": None,
            "is_popup": False,
            "has_view_permission": True,
        }
        return TemplateResponse(request, template, {**frame, **context})

    def window(
        self, request: HttpRequest, template: str, title: Text, obj: models.Model | None = None, **context: Any
    ) -> HttpResponse:
        """A form in a window over the page, or on a page of its own where there is no script to open windows."""
        if request.headers.get("HX-Request"):
            return TemplateResponse(request, template, {"title": title, "opts": self.opts, "object": obj, **context})
        return self.page(request, "workspace/window_page.html", title, obj, window_template=template, **context)

    def found(self, request: HttpRequest, object_id: str, *, to_change: bool = False) -> Any:
        """The object, if this person may see it (or change it); None if it is not there."""
        obj = self.get_object(request, unquote(object_id))
        may = self.has_change_permission if to_change else self.has_view_permission
        if not may(request, obj):
            raise PermissionDenied
        return obj

    def missing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        answer: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return answer

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """Django leads to the start page, in words that no translation can make fit every kind of thing."""
        words = {"kind": capfirst(str(opts.verbose_name)), "number": unquote(object_id)[:64]}
        messages.warning(request, _("%(kind)s: there is none with the number %(number)s. It may be gone.") % words)
        return HttpResponseRedirect(reverse("admin:index"))


class ReadOnlyScreen(Screen):
    """Rows that only the product writes. Pages are turned without counting them all."""

    paginator = InfinitePaginator

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Choice(admin.SimpleListFilter):
    """A filter that is one box to choose from, and applied with the others."""

    template = "workspace/filter_choice.html"

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {"name": self.parameter_name, "value": self.value() or "", "options": self.lookup_choices}

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        chosen = self.value()
        return self.narrow(queryset, chosen) if chosen else queryset

    def narrow(self, rows: models.QuerySet[Any], chosen: str) -> models.QuerySet[Any]:
        return rows.filter(**{str(self.parameter_name): chosen})


def found_in_any_case(rows: models.QuerySet[Any], written: str, *columns: str) -> models.QuerySet[Any]:
    """In any case of any script, which not every database knows: for what there is little of."""
    wanted = written.strip().casefold()
    if not wanted:
        return rows
    texts = rows.model._default_manager.order_by().values_list("pk", *columns)
    return rows.filter(pk__in=[pk for pk, *told in texts if any(wanted in text.casefold() for text in told)])


def close_window(request: HttpRequest, to: str) -> HttpResponse:
    """After success: a window is told to leave by a header, as htmx would follow a redirect into the window."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    return HttpResponseRedirect(to)


def list_behind(request: HttpRequest, view: str) -> str:
    """The list that a window was opened over, as this person had it filtered and turned: htmx names the page."""
    address = reverse(view)
    behind = urlsplit(request.headers.get("HX-Current-URL", ""))
    return f"{address}?{behind.query}" if behind.path == address and behind.query else address


def age(lasted: timedelta) -> str:
    """“8 s”, “3 min”, “2 h”, “4 days”."""
    seconds = max(int(lasted.total_seconds()), 0)
    if seconds < 60:
        return _("%d s") % seconds
    if seconds < 3600:
        return _("%d min") % (seconds // 60)
    if seconds < 86400:
        return _("%d h") % (seconds // 3600)
    return ngettext("%d day", "%d days", seconds // 86400) % (seconds // 86400)


def pill(text: Text, tone: str = "") -> SafeString:
    return format_html('<span class="os-pill {}">{}</span>', f"os-{tone}" if tone else "", text)


def nothing(text: Text | None = None) -> SafeString:
    """Where there is no value: a dash, or a few quiet words."""
    return format_html('<span class="os-quiet">{}</span>', text or "–")


def excerpt(text: str) -> SafeString:
    """The beginning of a text that somebody wrote, for a list; all of it on hover."""
    return format_html('<span class="os-sentence" title="{}">{}</span>', text, Truncator(text).chars(60))


def link(url: str, text: Text) -> SafeString:
    return format_html('<a class="os-link" href="{}">{}</a>', url, text)


def lines(texts: Iterable[Text]) -> SafeString:
    return format_html_join("", "<div>{}</div>", ((text,) for text in texts))


def beside(parts: Iterable[Text]) -> SafeString:
    return format_html('<span class="os-actions">{}</span>', format_html_join("", "{}", ((part,) for part in parts)))


def code(text: str) -> SafeString:
    return format_html("<code>{}</code>", text)


def window_button(url: str, text: Text) -> SafeString:
    """Opens the form at this address in a window."""
    return format_html(
        '<a class="os-button os-small" href="{0}" hx-get="{0}" hx-target="#os-window-body">{1}</a>', url, text
    )


def icon_button(url: str, icon: str, words: Text) -> SafeString:
    """The same as a sign, whose words are read out and shown on hover."""
    return format_html(
        '<a class="os-icon" href="{0}" hx-get="{0}" hx-target="#os-window-body" aria-label="{2}" title="{2}">'
        '<span class="material-symbols-outlined" aria-hidden="true">{1}</span></a>',
        url,
        icon,
        words,
    )


def act_button(url: str, icon: str, words: Text) -> SafeString:
    """A sign that does something at once, where a form would stand within another."""
    return format_html(
        '<button type="button" class="os-icon" hx-post="{0}" hx-params="none" hx-swap="none" aria-label="{2}"'
        ' title="{2}">'
        '<span class="material-symbols-outlined" aria-hidden="true">{1}</span></button>',
        url,
        icon,
        words,
    )


Facts = Sequence[tuple[Text, Any]]
