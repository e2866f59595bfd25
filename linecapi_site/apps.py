from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "linecapi_site"
    verbose_name = "Linecapi Console"

    def ready(self) -> None:
        from linecapi_site import checks  # noqa: F401 (registers them)
