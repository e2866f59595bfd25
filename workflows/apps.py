from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"
    verbose_name = "Treasure Workflow"

    def ready(self) -> None:
        from workflows import dispatch

        dispatch.register()
