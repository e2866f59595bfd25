from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"
    verbose_name = "Treasure Workflow"

    def ready(self) -> None:
        from exports import makers
        from exports import retention as kept
        from workflows import dispatch, made_jobs, retention

        dispatch.register()
        kept.also(retention.attempts)
        makers.register(made_jobs.maker)
