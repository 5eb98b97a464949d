from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from orderstatus_project.admin_site import favicon
from orderstatus_project.health import healthz, readyz
from orderstatus_project.metrics import metrics
from workspace import history
from workspace.models import User

handler400 = "orderstatus_project.failures.bad_request"
handler403 = "orderstatus_project.failures.permission_denied"
handler404 = "orderstatus_project.failures.not_found"
handler500 = "orderstatus_project.failures.server_error"


def to_start(_request: HttpRequest) -> HttpResponse:
    return redirect("admin:index")


def to_icon(request: HttpRequest) -> HttpResponse:
    """Where browsers look on pages that name no icon, such as the API's."""
    return redirect(favicon(request))


def change_password(request: HttpRequest) -> HttpResponse:
    """The admin's own page for one's own password, and that it was changed."""
    assert request.user.pk is not None
    me = User.objects.get(pk=request.user.pk)
    history.remember(me)
    with transaction.atomic():
        answer: HttpResponse = admin.site.password_change(request)
        history.record_changed(request, me)
    return answer


urlpatterns = [
    path("", to_start),
    path("favicon.ico", to_icon),
    path("admin/", include("orderstatus_project.start")),
    path("admin/", include("orderstatus_project.system")),
    path("admin/", include("orderstatus_project.switch")),
    path("admin/", include("workspace.preferences")),
    path("admin/", include("analytics.reports.screen")),
    path("admin/password_change/", admin.site.admin_view(change_password, cacheable=True)),
    path("admin/", admin.site.urls),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("api/v1/", include("orderstatus_project.api_urls")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
