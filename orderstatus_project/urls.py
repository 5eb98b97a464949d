from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerView

from orderstatus_project.admin_site import favicon
from orderstatus_project.health import healthz, readyz
from orderstatus_project.metrics import metrics

handler500 = "orderstatus_project.failures.server_error"


def to_start(_request: HttpRequest) -> HttpResponse:
    return redirect("admin:index")


def to_icon(request: HttpRequest) -> HttpResponse:
    """Where browsers look on pages that name no icon, such as the API's."""
    return redirect(favicon(request))


urlpatterns = [
    path("", to_start),
    path("favicon.ico", to_icon),
    path("admin/", include("orderstatus_project.start")),
    path("admin/", include("orderstatus_project.system")),
    path("admin/", include("orderstatus_project.switch")),
    path("admin/", admin.site.urls),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    path("api/v1/", include("orderstatus_project.api_urls")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
