from django.urls import path

from warehouse.views import database_changes, databases, table_changes, tables, uploads

app_name = "warehouse"
urlpatterns = [
    path("databases", databases.databases, name="databases"),
    # A hyphen never occurs in the name of a database.
    path("databases/new-database", databases.new, name="database_new"),
    path("databases/<slug:name>", databases.database, name="database"),
    path("databases/<slug:name>/schema", databases.schema, name="schema"),
    path("databases/<slug:name>/rename", database_changes.rename, name="database_rename"),
    path("databases/<slug:name>/empty", database_changes.empty, name="database_empty"),
    path("databases/<slug:name>/delete", database_changes.delete, name="database_delete"),
    path("databases/<slug:database>/upload", uploads.upload, name="upload"),
    path("databases/<slug:database>/uploads/<uuid:key>", uploads.columns, name="columns"),
    path("databases/<slug:database>/uploads/<uuid:key>/file", uploads.file, name="upload_file"),
    path("databases/<slug:database>/uploads/<uuid:key>/cancel", uploads.cancel, name="upload_cancel"),
    path("databases/<slug:database>/tables/<slug:name>", tables.table, name="table"),
    path("databases/<slug:database>/tables/<slug:name>/reveal", tables.reveal, name="table_reveal"),
    path("databases/<slug:database>/tables/<slug:name>/rename", table_changes.rename, name="table_rename"),
    path("databases/<slug:database>/tables/<slug:name>/swap", table_changes.swap, name="table_swap"),
    path("databases/<slug:database>/tables/<slug:name>/move", table_changes.move, name="table_move"),
    path("databases/<slug:database>/tables/<slug:name>/empty", table_changes.empty, name="table_empty"),
    path("databases/<slug:database>/tables/<slug:name>/delete", table_changes.delete, name="table_delete"),
]
