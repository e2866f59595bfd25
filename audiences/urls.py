from django.urls import path

from audiences.views import parent_form, parents

app_name = "audiences"
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
]
