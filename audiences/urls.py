from django.urls import path

from audiences.views import folders, parent_form, parents, rule_builder, segment, segments

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
    path("audience-studio/<int:pk>/segments", segments.segments, name="segments"),
    path("audience-studio/<int:pk>/segments/new", rule_builder.new, name="segment_new"),
    path("audience-studio/<int:pk>/segments/builder", rule_builder.builder, name="rule_builder"),
    path("audience-studio/<int:pk>/segments/count", rule_builder.count, name="rule_count"),
    path("audience-studio/<int:pk>/segments/sample", rule_builder.sample, name="rule_sample"),
    path("audience-studio/<int:pk>/folders/new", folders.new, name="folder_new"),
    path("audience-studio/folders/<int:pk>/rename", folders.rename, name="folder_rename"),
    path("audience-studio/folders/<int:pk>/move", folders.move, name="folder_move"),
    path("audience-studio/folders/<int:pk>/delete", folders.delete, name="folder_delete"),
    path("audience-studio/segments/<int:pk>", segment.segment, name="segment"),
    path("audience-studio/segments/<int:pk>/count", segment.count, name="segment_count"),
    path("audience-studio/segments/<int:pk>/sample", segment.sample, name="segment_sample"),
    path("audience-studio/segments/<int:pk>/edit", rule_builder.edit, name="segment_edit"),
    path("audience-studio/segments/<int:pk>/duplicate", segments.duplicate, name="segment_duplicate"),
    path("audience-studio/segments/<int:pk>/move", segments.move, name="segment_move"),
    path("audience-studio/segments/<int:pk>/delete", segments.delete, name="segment_delete"),
]
