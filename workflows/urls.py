from django.urls import path

from workflows.views import editor, new_project, projects, revisions, secrets

app_name = "workflows"
urlpatterns = [
    path("workflows", projects.listing, name="projects"),
    path("workflows/new", new_project.new, name="project_new"),
    path("workflows/upload", new_project.upload, name="project_upload"),
    path("workflows/operators", projects.operators, name="reference"),
    path("workflows/projects/<int:pk>", projects.project, name="project"),
    path("workflows/projects/<int:pk>/delete", projects.delete, name="project_delete"),
    path("workflows/projects/<int:pk>/upload", new_project.upload_revision, name="revision_upload"),
    path("workflows/projects/<int:pk>/edit", editor.edit, name="editor"),
    path("workflows/projects/<int:pk>/save", editor.save, name="editor_save"),
    path("workflows/projects/<int:pk>/check", editor.check, name="editor_check"),
    path("workflows/projects/<int:pk>/revisions", revisions.revisions, name="revisions"),
    path("workflows/projects/<int:pk>/compare", revisions.compare, name="revisions_compare"),
    path("workflows/projects/<int:pk>/revisions/<int:number>", revisions.revision, name="revision"),
    path("workflows/projects/<int:pk>/revisions/<int:number>/file", revisions.file, name="revision_file"),
    path("workflows/projects/<int:pk>/revisions/<int:number>/restore", revisions.restore, name="revision_restore"),
    path("workflows/projects/<int:pk>/revisions/<int:number>/archive", revisions.archive, name="revision_archive"),
    path("workflows/projects/<int:pk>/secrets", secrets.secrets, name="secrets"),
    path("workflows/projects/<int:pk>/add-secret", secrets.add, name="secret_add"),
    path("workflows/projects/<int:pk>/secrets/<str:key>", secrets.replace, name="secret"),
    path("workflows/projects/<int:pk>/secrets/<str:key>/delete", secrets.delete, name="secret_delete"),
]
