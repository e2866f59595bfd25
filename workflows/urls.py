from django.urls import path

from workflows.views import attempt_actions, attempts, backfill, workflow

app_name = "workflows"
urlpatterns = [
    path("workflows/<int:pk>", workflow.workflow, name="workflow"),
    path("workflows/<int:pk>/run", workflow.run, name="run"),
    path("workflows/<int:pk>/pause", workflow.pause, name="pause"),
    path("workflows/<int:pk>/resume", workflow.resume, name="resume"),
    path("workflows/<int:pk>/backfill", backfill.backfill, name="backfill"),
    path("workflows/attempts", attempts.attempts, name="attempts"),
    path("workflows/attempts/<int:pk>", attempts.attempt, name="attempt"),
    path("workflows/attempts/<int:pk>/resume", attempt_actions.resume, name="attempt_resume"),
    path("workflows/attempts/<int:pk>/retry", attempt_actions.retry, name="attempt_retry"),
    path("workflows/attempts/<int:pk>/kill", attempt_actions.kill, name="attempt_kill"),
]
