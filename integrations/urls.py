from django.urls import path

from integrations import views

app_name = "integrations"
urlpatterns = [
    path("integrations/catalog", views.catalog, name="catalog"),
    path("integrations/authentications", views.authentications, name="authentications"),
]
