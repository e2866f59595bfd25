from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in", views.sign_in, name="sign_in"),
    path("sign-out", views.sign_out, name="sign_out"),
    path("settings", views.settings, name="settings"),
    path("users", views.users, name="users"),
    path("audit", views.audit_trail, name="audit"),
]
