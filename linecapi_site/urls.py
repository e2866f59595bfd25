"""One include an app; the front door leads to the queries, and monitors have doors of their own."""

from django.urls import include, path

from linecapi_site import health, views

handler403 = "linecapi_site.views.forbidden"
handler404 = "linecapi_site.views.not_found"
handler500 = "linecapi_site.views.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("system", views.system, name="system"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("", include("api.urls")),
    path("", include("audiences.urls")),
    path("", include("workflows.urls")),
    path("", include("exports.urls")),
    path("", include("warehouse.urls")),
    path("", include("integrations.urls")),
    path("", include("accounts.urls")),
]
