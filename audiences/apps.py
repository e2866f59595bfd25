from django.apps import AppConfig


class AudiencesConfig(AppConfig):
    name = "audiences"
    verbose_name = "Audience Studio"

    def ready(self) -> None:
        from audiences import owning, table_usage
        from warehouse import usage

        owning.register()
        usage.register(table_usage)
