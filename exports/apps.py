from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "exports"
    verbose_name = "Data Workbench"

    def ready(self) -> None:
        from exports import queue, table_usage
        from warehouse import usage

        queue.install()
        usage.register(table_usage)
