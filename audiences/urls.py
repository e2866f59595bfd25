from django.urls import path

from audiences.views import activation_wizard, activations

app_name = "audiences"
SEGMENT = "audience-studio/segments/<int:pk>/activations"
urlpatterns = [
    path("activations", activations.overview, name="activations"),
    path("activations/<int:pk>", activations.activation, name="activation"),
    path("activations/<int:pk>/run", activations.run, name="activation_run"),
    path("activations/<int:pk>/pause", activations.pause, name="activation_pause"),
    path("activations/<int:pk>/resume", activations.resume, name="activation_resume"),
    path("activations/<int:pk>/duplicate", activations.duplicate, name="activation_duplicate"),
    path("activations/<int:pk>/delete", activations.delete, name="activation_delete"),
    path("activations/<int:pk>/edit", activation_wizard.edit, name="activation_edit"),
    path("activations/<int:pk>/edit/checklist", activation_wizard.edit_checklist, name="activation_edit_checklist"),
    path("activations/<int:pk>/edit/<slug:step>", activation_wizard.edit, name="activation_edit_step"),
    path(f"{SEGMENT}/new", activation_wizard.new, name="activation_new"),
    path(f"{SEGMENT}/new/checklist", activation_wizard.new_checklist, name="activation_new_checklist"),
    path(f"{SEGMENT}/new/<slug:step>", activation_wizard.new, name="activation_new_step"),
]
