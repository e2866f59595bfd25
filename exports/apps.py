from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "exports"
    verbose_name = "Data Workbench"

    def ready(self) -> None:
        from exports import queue

        queue.install()
