from django.urls import path

from exports.views import job_actions, job_downloads, jobs, queries, query_preview, query_versions, targets

app_name = "exports"
urlpatterns = [
    path("queries", queries.queries, name="queries"),
    path("queries/new", queries.new, name="query_new"),
    path("queries/create", queries.create, name="query_create"),
    path("queries/run", queries.run, name="query_run_new"),
    path("queries/run-label", queries.run_label, name="query_run_label"),
    path("queries/preview", query_preview.preview, name="query_preview_new"),
    path("queries/preview/cancel", query_preview.cancel, name="query_preview_cancel"),
    path("queries/target", targets.panel, name="target_panel"),
    path("queries/target/check", targets.check, name="target_check"),
    path("queries/target/create", targets.create, name="target_create"),
    path("queries/target/done", targets.done, name="target_done"),
    path("queries/target/remove", targets.remove, name="target_remove"),
    path("queries/<int:pk>", queries.query, name="query"),
    path("queries/<int:pk>/save", queries.save, name="query_save"),
    path("queries/<int:pk>/run", queries.run, name="query_run"),
    path("queries/<int:pk>/preview", query_preview.preview, name="query_preview"),
    path("queries/<int:pk>/duplicate", queries.duplicate, name="query_duplicate"),
    path("queries/<int:pk>/delete", queries.delete, name="query_delete"),
    path("queries/<int:pk>/versions", query_versions.versions, name="query_versions"),
    path("queries/<int:pk>/versions/<int:number>", query_versions.version, name="query_version"),
    path("queries/<int:pk>/versions/<int:number>/restore", query_versions.restore, name="query_restore"),
    path("jobs", jobs.jobs, name="jobs"),
    path("jobs/<int:pk>", jobs.job, name="job"),
    path("jobs/<int:pk>/values", jobs.values, name="job_values"),
    path("jobs/<int:pk>/stop", job_actions.stop, name="job_stop"),
    path("jobs/<int:pk>/run-again", job_actions.run_again, name="job_run_again"),
    path("jobs/<int:pk>/rejects.csv", job_downloads.rejects_csv, name="job_rejects_csv"),
    path("jobs/<int:pk>/rejects.jsonl", job_downloads.rejects_jsonl, name="job_rejects_jsonl"),
    path("jobs/<int:pk>/result.csv", job_downloads.result_csv, name="job_result_csv"),
    path("jobs/<int:pk>/log.txt", job_downloads.log_text, name="job_log"),
]
