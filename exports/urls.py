from django.urls import path

from exports.views import jobs, queries

app_name = "exports"
urlpatterns = [
    path("queries", queries.queries, name="queries"),
    path("jobs", jobs.jobs, name="jobs"),
    path("jobs/<int:pk>", jobs.job, name="job"),
]
