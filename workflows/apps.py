from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"
    verbose_name = "Treasure Workflow"

    def ready(self) -> None:
        from exports import retention as kept
        from workflows import dispatch, retention

        dispatch.register()
        kept.also(retention.attempts)
