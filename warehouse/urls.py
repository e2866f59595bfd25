from django.urls import path

from warehouse import views

app_name = "warehouse"
urlpatterns = [
    path("databases", views.databases, name="databases"),
]
