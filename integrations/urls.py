from django.urls import path

from integrations.views import authentications, catalog, create, edit

app_name = "integrations"
urlpatterns = [
    path("integrations/catalog", catalog.catalog, name="catalog"),
    path("integrations/catalog/<slug:key>", catalog.field_guide, name="field_guide"),
    path("integrations/catalog/<slug:key>/authentication", create.credentials, name="create"),
    path("integrations/catalog/<slug:key>/authentication/name", create.name, name="create_name"),
    path("integrations/authentications", authentications.authentications, name="authentications"),
    path("integrations/authentications/<int:pk>", authentications.authentication, name="authentication"),
    path("integrations/authentications/<int:pk>/edit", edit.edit, name="edit"),
    path("integrations/authentications/<int:pk>/keep", authentications.keep, name="keep"),
    path("integrations/authentications/<int:pk>/test", authentications.test, name="test"),
    path("integrations/authentications/<int:pk>/test-event", authentications.test_event, name="test_event"),
    path("integrations/authentications/<int:pk>/delete", authentications.delete, name="delete"),
]
