"""The two forms of the Export Results panel: delivery settings, and a new integration."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, QueryDict

from integrations import authentications, catalog, drafts
from integrations.authentications import NameTaken, asked_settings
from integrations.drafts import Draft
from integrations.forms import KEPT, NameForm, SettingsForm
from integrations.models import Authentication
from integrations.spec import Connector

TAKEN = str(Authentication._meta.get_field("name").error_messages["unique"])
PURPOSE = "export-results"


def delivery_form(connector: Connector, values: Mapping[str, Any] | None) -> SettingsForm:
    """The export settings, checked if there are `values` (as text or cleaned), else with their defaults."""
    data = None if values is None else {f"s-{name}": value for name, value in values.items()}
    form = SettingsForm(connector.settings_of("export"), data)
    form.prefix = "s"
    return form


class NewIntegration:
    """Name and credentials of an integration to create; `draft_key` leads to a secret that was entered already.

    A secret is never shown again: when something else is wrong, it waits encrypted in the session.
    """

    def __init__(self, request: HttpRequest, *, bound: bool) -> None:
        self.request = request
        self.connector = _connector(request.POST)
        self.draft_key = request.POST.get("new-draft", "")
        draft = drafts.load(request.session, self.draft_key, self._purpose)
        self.draft = draft or Draft(self._purpose)
        data = request.POST if bound else None
        self.name = NameForm(data, prefix="new")
        self.name.fields["name"].label = "Name of the new integration"
        self.settings = SettingsForm(asked_settings(self.connector), data, kept=dict.fromkeys(self.draft.values, KEPT))
        self.settings.prefix = "new"

    @property
    def _purpose(self) -> str:
        return f"{PURPOSE}:{self.connector.key}"

    @property
    def connectors(self) -> list[Connector]:
        return list(catalog.CONNECTORS.values())

    def create(self) -> Authentication | None:
        """The new authentication; None if something is wrong, and then the forms say what."""
        if not (self.name.is_valid() & self.settings.is_valid()):
            self._keep_secrets()
            return None
        values = {**self.draft.values, **self.settings.values()}
        name = self.name.cleaned_data["name"]
        try:
            made = authentications.create(
                connector=self.connector, name=name, values=values, tested=None, request=self.request
            )
        except NameTaken:
            self.name.add_error("name", TAKEN)
            self._keep_secrets()
            return None
        drafts.drop(self.request.session, self.draft_key)
        return made

    def _keep_secrets(self) -> None:
        if secrets := self.settings.secret_values():
            draft = Draft(self._purpose, {**self.draft.values, **secrets})
            self.draft_key = drafts.save(self.request.session, draft, self.draft_key)
            self.settings.keep(dict.fromkeys(secrets, KEPT))


def _connector(post: QueryDict) -> Connector:
    """The chosen type; the first of the catalog where none is chosen."""
    return catalog.CONNECTORS.get(post.get("type", "")) or next(iter(catalog.CONNECTORS.values()))
