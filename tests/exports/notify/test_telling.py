"""What is told of a job's end, to whom, and in which words."""

import pytest

from exports import events, firing
from exports.models import ErrorKind, Job, JobState
from exports.notify import rules, telling
from exports.notify.models import Delivery, Event, Message, Rule
from exports.schedule_models import Schedule
from tests.exports.factories import a_job, a_query
from tests.exports.notify.conftest import a_service, an_email_channel, end
from tests.exports.schedules import at

pytestmark = pytest.mark.django_db
ERROR, SUCCESS = JobState.ERROR, JobState.SUCCESS


def make(schedule, event):
    """Let that happen which the event tells."""
    if event == Event.REJECTS:
        return end(schedule, SUCCESS, exports=True, accepted=80, refused=20)
    if event == Event.SUCCESS:
        Rule.objects.update(on_success=True)
        return end(schedule, SUCCESS)
    if event == Event.DISABLED:
        return [end(schedule, kind=ErrorKind.CONFIGURATION) for _ in range(5)][-1]
    job = end(schedule, kind=ErrorKind.TRANSIENT)
    return end(schedule, SUCCESS) if event == Event.RECOVERY else job


@pytest.mark.parametrize("event", Event.values)
def test_each_event_is_told_with_its_job(schedule, default, event):
    job = make(schedule, event)
    message = Message.objects.first()
    assert (message.event, message.job, message.query) == (event, job, schedule.query)
    assert message.deliveries.get().address == "ops@shop.example"


@pytest.mark.parametrize("event", [Event.FAILURE, Event.RECOVERY, Event.REJECTS])
def test_an_event_that_is_not_wanted_is_not_told(schedule, default, event):
    Rule.objects.update(**{f"on_{event}": False})
    make(schedule, event)
    assert not Message.objects.filter(event=event).exists()


@pytest.mark.parametrize(
    ("wanted", "told"),
    [({"on_failure": True, "on_disabled": False}, 3), ({"on_failure": False, "on_disabled": True}, 1)],
)
def test_the_failure_that_disables_is_told_to_who_wants_either(schedule, default, wanted, told):
    Rule.objects.update(**wanted)
    make(schedule, Event.DISABLED)
    assert Message.objects.count() == told
    assert Message.objects.first().event == Event.DISABLED


@pytest.mark.parametrize("by_hand", [False, True])
def test_every_success_is_told_to_who_wants_it_and_one_after_a_failure_once(schedule, default, by_hand):
    rules.keep(schedule.query, addresses=["kana@shop.example"], on_success=True, on_failure=True)
    for state in (SUCCESS, SUCCESS, ERROR, SUCCESS, SUCCESS):
        end(schedule, state, by_hand=by_hand)
    told = list(Message.objects.order_by("pk").values_list("event", flat=True))
    assert told == ["success", "success", "failure", "recovery", "success"]


def test_a_recovery_that_is_not_wanted_is_told_as_a_success(schedule, default):
    rules.keep(schedule.query, addresses=["kana@shop.example"], on_success=True, on_failure=False)
    end(schedule)
    job = end(schedule, SUCCESS, exports=True, accepted=70, refused=30)
    message = Message.objects.get()
    assert (message.event, message.job, message.subject) == ("success", job, f"daily_purchases: job {job.pk} succeeded")
    assert f"Job {job.pk} of the query “daily_purchases” succeeded.\nThere is nothing to do." in message.body
    assert "100 rows read = 0 invalid + 70 accepted + 30 refused + 0 unknown" in message.body


@pytest.mark.parametrize(("percent", "told"), [(20, 0), (19, 1)])
def test_rejects_are_told_from_more_than_the_threshold_on(schedule, default, percent, told):
    Rule.objects.update(rejects_percent=percent)
    end(schedule, SUCCESS, exports=True, accepted=80, invalid=15, refused=5)
    assert Message.objects.count() == told


def test_a_stopped_job_is_not_told(schedule, default):
    end(schedule, JobState.KILLED)
    assert not Message.objects.exists()


def test_a_job_by_hand_is_told_only_if_its_query_says_so(schedule, default, ops):
    end(schedule, by_hand=True)
    assert not Message.objects.exists()
    Rule.objects.create(query=schedule.query, by_hand=True).channels.add(ops)
    job = end(schedule, by_hand=True)
    assert Message.objects.get().job == job


def test_a_validation_is_never_told(schedule, ops):
    Rule.objects.create(query=schedule.query, by_hand=True).channels.add(ops)
    end(schedule, by_hand=True, exports=True, mode="validate")
    assert not Message.objects.exists()


def test_a_query_follows_its_own_rule_instead_of_the_default(schedule, default):
    Rule.objects.create(query=schedule.query, addresses=["kana@shop.example"])
    end(schedule, kind=ErrorKind.DATA)
    assert Delivery.objects.get().address == "kana@shop.example"


def test_the_rule_of_a_query_is_kept_in_one_call_and_read_back(ops):
    query = a_query()
    rules.keep(query, addresses=["kana@shop.example"], on_success=True, on_failure=True).channels.add(ops)
    rules.keep(query, addresses=[], on_success=True, on_failure=False, by_hand=False)
    rule = rules.own(query.pk)
    assert (rule.addresses, rule.by_hand, list(rule.channels.all()), Rule.objects.count()) == ([], False, [ops], 1)
    assert [event for event in Event.values if rule.wants(event)] == ["success"]
    with pytest.raises(ValueError, match="21 addresses; up to 20"):
        rules.keep(query, addresses=[f"{n}@shop.example" for n in range(21)], on_success=True, on_failure=True)


def test_each_address_and_service_gets_it_once(db):
    rule = Rule.objects.create(query=a_query(), addresses=["OPS@shop.example", "kana@shop.example"])
    hook = a_service("json://127.0.0.1/x")
    rule.channels.add(an_email_channel(), an_email_channel("two", ["ops@shop.example", "ken@shop.example"]), hook)
    found = [(one.channel and one.channel.name, one.address) for one in rules.recipients(rule)]
    assert sorted(address.lower() for _, address in found if address) == [
        "kana@shop.example",
        "ken@shop.example",
        "ops@shop.example",
    ]
    assert (hook.name, "") in found


def test_a_message_for_nobody_is_not_kept(schedule):
    end(schedule)
    assert not Message.objects.exists()


def test_the_text_names_query_job_destination_cause_advice_numbers_and_link(schedule, default):
    values = {"accepted": 60, "invalid": 30, "not_attempted": 10, "advice": "Enter a new token."}
    job = end(schedule, exports=True, kind=ErrorKind.CONFIGURATION, scheduled_for=at(1), **values)
    message = Message.objects.get()
    assert message.subject == f"daily_purchases: job {job.pk} failed"
    for part in (
        f"Job {job.pk} of the query “daily_purchases” failed.",
        "Cause: LINE refused the access token (401).",
        "What to do: Enter a new token.",
        "Configuration errors in a row: 1. After 5 in a row the schedule is disabled.",
        "Destination: line_capi_output_test",
        "Scheduled for: 2026-11-24 10:00 JST",
        "100 rows read = 30 invalid + 60 accepted + 0 refused + 0 unknown + 10 not attempted",
        f"Open the job: https://console.shop.example/jobs/{job.pk}\n",
        f"https://console.shop.example/queries/{schedule.query.pk}/notifications\n",
    ):
        assert part in message.body


def test_without_an_address_of_the_console_there_are_no_links(schedule, default, settings):
    settings.SITE_URL = ""
    end(schedule)
    assert "https://" not in Message.objects.get().body


def test_a_name_of_several_lines_makes_one_line_of_subject(schedule, default):
    end(schedule, name="daily\nBcc: all@example.com")
    assert Message.objects.get().subject.startswith("daily Bcc: all@example.com: job")


def test_a_schedule_that_cannot_be_read_is_told(schedule, default):
    Schedule.objects.update(time_zone="No/Where")
    firing.fire(at(11))
    message = Message.objects.get()
    assert (message.event, message.job, message.query) == (Event.DISABLED, None, schedule.query)
    assert "Cause: The schedule cannot be read" in message.body


# --- once, whatever is killed -------------------------------------------------------------------------------------


def test_the_message_commits_with_the_end_or_not_at_all(schedule, default, monkeypatch):
    def dies(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(telling, "_post", dies)
    with pytest.raises(KeyboardInterrupt):
        end(schedule)
    assert Job.objects.get().state == JobState.RUNNING
    assert not Message.objects.exists()


def test_a_job_that_has_ended_is_not_told_again(schedule, default):
    job = end(schedule)
    running = Job.objects.filter(pk=job.pk, state=JobState.RUNNING)
    assert not events.end(running, job.pk, ERROR)
    assert Message.objects.count() == 1


def test_a_fault_in_telling_keeps_no_job_from_ending(schedule, default, monkeypatch, caplog):
    monkeypatch.setattr(telling, "_post", lambda *args: 1 / 0)
    job = end(schedule)
    assert (job.state, Message.objects.count()) == (ERROR, 0)
    assert "its notifications cannot be written" in caplog.text


def test_the_job_of_a_deleted_query_is_not_told(default):
    job = a_job(JobState.RUNNING, query=None)
    assert events.end(Job.objects.filter(pk=job.pk), job.pk, ERROR)
    assert not Message.objects.exists()
