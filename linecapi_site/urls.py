"""One include an app; the front door leads to the queries."""

from django.urls import include, path

from linecapi_site import views

handler403 = "linecapi_site.views.forbidden"
handler404 = "linecapi_site.views.not_found"
handler500 = "linecapi_site.views.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("system", views.system, name="system"),
    path("", include("exports.urls")),
    path("", include("warehouse.urls")),
    path("", include("integrations.urls")),
    path("", include("accounts.urls")),
]
