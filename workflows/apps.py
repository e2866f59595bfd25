from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"
    verbose_name = "Treasure Workflow"

    def ready(self) -> None:
        from exports import makers
        from workflows import dispatch, made_jobs

        dispatch.register()
        makers.register(made_jobs.maker)
