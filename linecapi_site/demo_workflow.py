"""The workflow of `make demo`: each kind of event of the sample shop is sent to LINE by itself, if there is one."""

from django.utils import timezone

from accounts.models import User
from linecapi_site import demo
from workflows import projects, secrets, sessions
from workflows.models import Project, Workflow

PROJECT = "shop_to_line"
DAILY = f"""\
timezone: Asia/Tokyo

schedule:
  daily>: 07:00:00

_export:
  !include : 'config/events.dig'
  td:
    database: {demo.DATABASE}

+each_event:
  for_each>:
    event_name: ${{events}}
  _do:
    +count:
      td>: queries/count.sql
      store_last_results: true
    +push:
      if>: ${{td.last_results.events > 0}}
      _do:
        td>: queries/push_line.sql
        result_connection: line_capi_output_test
        result_settings:
          line_tag_id: {demo.TAG}
          access_token: ${{secret:line.access_token}}
          ignore_invalid_records: true
      _else_do:
        echo>: No event ${{event_name}} by ${{session_local_time}}

+done:
  echo>: All events of ${{session_date}} are sent
"""
FILES = {
    "daily_events.dig": DAILY,
    "config/events.dig": "events: [Purchase, SignUp, Lead]\n",
    "queries/count.sql": f"select count(*) as events\nfrom {demo.TABLE}\nwhere event_name = '${{event_name}}'\n",
    "queries/push_line.sql": demo.SQL.rstrip() + "\nwhere event_name = '${event_name}'\n",
}


def make(user: User) -> None:
    """The project with its secret, and one attempt that workers run."""
    if Project.objects.filter(name=PROJECT).exists():
        return
    projects.push(PROJECT, {path: text.encode() for path, text in FILES.items()}, user=user)
    workflow = Workflow.objects.get(project__name=PROJECT)
    secrets.keep(workflow.project, "line.access_token", demo.TOKEN, user=user)
    sessions.start(workflow, timezone.now().replace(microsecond=0), user=user)
