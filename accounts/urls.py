from django.urls import path

from accounts.views import keys, own, sign_in, trail, users

app_name = "accounts"
urlpatterns = [
    path("sign-in", sign_in.sign_in, name="sign_in"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    path("settings", own.settings, name="settings"),
    path("settings/profile", own.profile, name="profile"),
    path("settings/password", own.password, name="password"),
    path("settings/api-keys/new", keys.new, name="api_key_new"),
    path("settings/api-keys/<int:pk>/revoke", keys.revoke, name="api_key_revoke"),
    path("users", users.users, name="users"),
    path("users/new", users.new, name="user_new"),
    path("users/<int:pk>", users.user, name="user"),
    path("users/<int:pk>/password", users.password, name="user_password"),
    path("users/<int:pk>/deactivate", users.deactivate, name="user_deactivate"),
    path("users/<int:pk>/reactivate", users.reactivate, name="user_reactivate"),
    path("audit", trail.audit_trail, name="audit"),
    path("audit.csv", trail.audit_csv, name="audit_csv"),
]
