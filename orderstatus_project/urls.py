from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerView

from orderstatus_project.health import healthz, readyz

handler500 = "orderstatus_project.failures.server_error"

urlpatterns = [
    path("admin/", include("orderstatus_project.start")),
    path("admin/", admin.site.urls),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    path("api/v1/", include("orderstatus_project.api_urls")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
