from django.apps import AppConfig


class AudiencesConfig(AppConfig):
    name = "audiences"
    verbose_name = "Audience Studio"

    def ready(self) -> None:
        from audiences import owning

        owning.register()
