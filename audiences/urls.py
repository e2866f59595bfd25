from django.urls import path

from audiences.views import activation_wizard, activations, parent_form, parents

app_name = "audiences"
SEGMENT = "audience-studio/segments/<int:pk>/activations"
urlpatterns = [
    path("audience-studio", parents.parent_segments, name="parent_segments"),
    path("audience-studio/new", parent_form.new, name="parent_segment_new"),
    path("audience-studio/schedule", parent_form.schedule, name="parent_schedule_new"),
    path("audience-studio/<int:pk>", parents.parent_segment, name="parent_segment"),
    path("audience-studio/<int:pk>/edit", parent_form.edit, name="parent_segment_edit"),
    path("audience-studio/<int:pk>/schedule", parent_form.schedule, name="parent_schedule"),
    path("audience-studio/<int:pk>/build", parents.build, name="parent_segment_build"),
    path("audience-studio/<int:pk>/builds", parents.builds, name="parent_segment_builds"),
    path("audience-studio/<int:pk>/profile", parents.profile, name="parent_segment_profile"),
    path("audience-studio/<int:pk>/delete", parents.delete, name="parent_segment_delete"),
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
