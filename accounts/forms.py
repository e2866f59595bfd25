"""The forms of accounts: signing in, one's own settings, and the users of the console."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Role, User

PASSWORD_HELP = "At least 10 characters, not a common password, and not like the username, name or e-mail."  # noqa: S105


class SignInForm(AuthenticationForm):
    """One message for every failure: it tells neither whether a username exists nor whether it is deactivated."""

    error_messages = {
        "invalid_login": "The username or the password is wrong.",
        "inactive": "The username or the password is wrong.",
    }


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Name and e-mail, as everyone may set their own."""

    class Meta:
        model = User
        fields = ["name", "email"]
        labels = {"email": "E-mail"}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }


class OwnPasswordForm(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = "Current password"
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
        self.fields["new_password1"].label = "New password"
        self.fields["new_password1"].help_text = PASSWORD_HELP
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""


class PersonForm(ProfileForm):
    """A user as admins see one."""

    role = forms.ChoiceField(choices=Role.choices, widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["role"] = self.instance.effective_role.value
        for field in ("name", "email"):
            self.fields[field].widget.attrs["autocomplete"] = "off"

    def role_choices(self) -> list[tuple[Any, Role]]:
        """Each radio button with the role it stands for."""
        return [(radio, Role(radio.data["value"])) for radio in self["role"]]


class NewKeyForm(forms.Form):
    """A key for the API. `person`: whose it will be; it may do at most as much as they."""

    LASTS = {"30": "30 days", "90": "90 days", "365": "1 year", "never": "Never"}

    name = forms.CharField(
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        help_text="What tells it from your other keys, such as the program that uses it.",
    )
    role = forms.ChoiceField(widget=forms.RadioSelect)
    lasts = forms.ChoiceField(
        label="Expires",
        choices=[(days, label if days == "never" else f"After {label}") for days, label in LASTS.items()],
        initial="90",
        help_text="A key that has expired cannot be renewed: make a new one.",
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [role for role in Role if person.may(role)]
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]
        self.initial["role"] = Role.EDITOR if Role.EDITOR in roles else roles[-1]

    def role_choices(self) -> list[tuple[Any, Role]]:
        """Each radio button with the role it stands for."""
        return [(radio, Role(radio.data["value"])) for radio in self["role"]]

    def expires_at(self) -> datetime | None:
        """When the key ends, from now; None: not by itself. Call it on a valid form."""
        lasts = self.cleaned_data["lasts"]
        return None if lasts == "never" else timezone.now() + timedelta(days=int(lasts))


class PasswordForm(forms.Form):
    """A password set by an admin; `person` is whose it will be."""

    password = forms.CharField(
        label="New password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=PASSWORD_HELP,
        strip=False,
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        validate_password(self.cleaned_data["password"], self.person)
        return str(self.cleaned_data["password"])


class NewPersonForm(PersonForm):
    password = forms.CharField(
        label="Initial password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=f"{PASSWORD_HELP} Tell it to the person; it can be changed in My Settings.",
        strip=False,
    )
    field_order = ["username", "name", "email", "role", "password"]

    class Meta(ProfileForm.Meta):
        fields = ["username", "name", "email"]
        help_texts = {"username": "Letters, digits and @ . + - _ only. It cannot be changed later."}
        widgets = ProfileForm.Meta.widgets | {
            "username": forms.TextInput(
                attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
            ),
        }

    def clean_username(self) -> str:
        username: str = User.normalize_username(self.cleaned_data["username"])
        if username.lower() == "console":
            raise ValidationError("The audit trail uses this name for the console itself.")
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError("A user with that username already exists.")
        return username

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        try:  # the password is compared with the username, name and e-mail, which stand on the instance only now
            validate_password(self.cleaned_data.get("password", ""), self.instance)
        except ValidationError as error:
            if "password" in self.cleaned_data:
                self.add_error("password", error)
