app_name = "audiences"
urlpatterns: list[object] = []
