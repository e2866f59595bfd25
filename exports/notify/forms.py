"""The forms of notifications: channels, the default for all queries, and the choice of one query."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from exports.notify import mail, services
from exports.notify.models import Channel, Kind, Rule
from exports.notify.rules import MOST_ADDRESSES
from exports.notify.services import UrlRefused

EVENTS = ("on_success", "on_failure", "on_recovery", "on_rejects", "rejects_percent", "on_disabled")


class AddressesField(forms.CharField):
    """E-mail addresses, one a line or with commas between them → a list without repeats."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"})
        super().__init__(widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        if isinstance(value, list):  # a disabled field gives back what it began with
            return value
        text = super().clean(value)
        found = list({one.lower(): one for one in text.replace(",", " ").replace(";", " ").split()}.values())
        if wrong := [one for one in found if not _is_address(one)]:
            raise ValidationError(f"Not an e-mail address: {', '.join(wrong)}. Write them like name@example.com.")
        if len(found) > MOST_ADDRESSES:
            raise ValidationError(f"{len(found)} addresses; up to {MOST_ADDRESSES} are allowed. Use a mailing list.")
        return found


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


class ChannelForm(forms.Form):
    """A channel of one kind; `channel` is the one that is changed, None for a new one."""

    name = forms.CharField(
        max_length=100,
        help_text="How people find it, such as “Marketing in Slack”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, kind: str, channel: Channel | None = None) -> None:
        self.channel = channel
        initial = {"name": channel.name, "addresses": channel.addresses} if channel else {}
        super().__init__(data, initial=initial)
        self.fields |= {"addresses": _addresses()} if kind == Kind.EMAIL else {"url": _url(new=channel is None)}

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        taken = Channel.objects.filter(name=name).first()
        if taken and taken != self.channel:
            raise ValidationError("A channel with this name exists. Choose another name.")
        return name

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            if url:
                services.service_of(url)
        except UrlRefused as error:
            raise ValidationError(str(error)) from None
        return url


def _addresses() -> AddressesField:
    return AddressesField(
        label="Addresses", help_text=f"One a line, up to {MOST_ADDRESSES}. Each gets an e-mail of its own."
    )


def _url(*, new: bool) -> forms.CharField:
    field = forms.CharField(
        label="Service URL" if new else "New service URL",
        max_length=2000,
        required=new,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="As apprise writes it, such as slack://TOKEN_A/TOKEN_B/TOKEN_C, workflows://… for Microsoft Teams, "
        "or jsons://HOST/PATH for a webhook; a webhook address copied from Slack, Teams or Discord works too. It is "
        "stored encrypted and never shown again.",
    )
    field.note = "Empty: as it is"  # type: ignore[attr-defined]
    return field


class ChannelsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Channels by name and kind."""

    def label_from_instance(self, channel: Any) -> str:
        return f"{channel.name} ({channel.what})"


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What is told, and through which channels. E-mail can be chosen only where it is set up; what was chosen stays."""

    channels = ChannelsField(Channel.objects.none(), required=False, widget=forms.CheckboxSelectMultiple)
    rejects_percent = forms.IntegerField(label="More than, in percent", min_value=0, max_value=99)

    class Meta:
        model = Rule
        fields = ["channels", *EVENTS]
        labels = {
            "on_success": "Success",
            "on_failure": "Failure",
            "on_recovery": "First success after failure",
            "on_rejects": "Many rejects",
            "on_disabled": "Schedule disabled",
        }
        help_texts = {
            "on_success": "Every job that succeeds; the first one after a failure is told once.",
            "on_failure": "Of failures in a row the 1st, 3rd and 5th, then one in 24 hours.",
            "on_recovery": "Once, when a job succeeds again.",
            "on_rejects": "A job succeeded, but more of its rows than this were invalid or refused.",
            "on_disabled": "After 5 configuration errors in a row.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usable = Channel.objects.exclude(kind=Kind.EMAIL) if mail.missing() else Channel.objects.all()
        self.fields["channels"].queryset = usable  # type: ignore[attr-defined]

    def _save_m2m(self) -> None:
        kept = list(self.instance.channels.filter(kind=Kind.EMAIL)) if mail.missing() else []
        super()._save_m2m()  # type: ignore[misc]
        self.instance.channels.add(*kept)


class QueryRuleForm(RuleForm):
    """The choice of one query; while `own` is off the rest does not count."""

    own = forms.TypedChoiceField(
        choices=[("", "As the default says"), ("1", "As chosen here")],
        coerce=bool,
        required=False,
        widget=forms.RadioSelect,
        empty_value=None,
    )
    addresses = AddressesField(
        label="More e-mail addresses",
        required=False,
        help_text=f"Beside the channels: one a line, up to {MOST_ADDRESSES}.",
    )

    class Meta(RuleForm.Meta):
        fields = [*RuleForm.Meta.fields, "addresses", "by_hand"]
        labels = RuleForm.Meta.labels | {"by_hand": "Also jobs that people start by hand"}
        help_texts = RuleForm.Meta.help_texts | {
            "by_hand": "Who starts a job sees how it ends, so without this only scheduled jobs are told. Validations "
            "and tests never are."
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["own"] = "1" if self.instance.pk else ""
        if self.is_bound and not self.data.get("own"):
            for name in self.fields.keys() - {"own"}:  # nothing in them can be wrong then
                self.fields[name].disabled = True
        if problem := mail.missing():
            self.fields["addresses"].disabled = True
            self.fields["addresses"].help_text = problem
