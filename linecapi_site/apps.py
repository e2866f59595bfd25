from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "linecapi_site"
    verbose_name = "Linecapi Console"
