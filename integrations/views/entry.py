"""Credentials as they are being entered: the posted form together with the draft that its page carries."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest

from integrations import drafts
from integrations.authentications import Tested, asked_settings, secret_settings
from integrations.catalog import AnyConnector
from integrations.drafts import Draft
from integrations.forms import KEPT, SettingsForm
from integrations.testing import Verdict


class Entry:
    """The form over a connector's credentials, and the draft that holds what the page cannot show.

    `purpose`: what the draft is for. `saved`: values to begin with. `held`: secrets that are saved already, each with
    the note that says so. The draft's key travels in the page as `draft`; `key` is "" while there is no draft.
    """

    def __init__(
        self,
        request: HttpRequest,
        connector: AnyConnector,
        purpose: str,
        *,
        saved: Mapping[str, Any] | None = None,
        held: Mapping[str, str] | None = None,
    ) -> None:
        self.session, self.connector = request.session, connector
        key = request.POST.get("draft") or request.GET.get("draft", "")
        draft = drafts.load(self.session, key, purpose)
        self.key, self.draft = (key, draft) if draft else ("", Draft(purpose))
        self.form = SettingsForm(
            asked_settings(connector),
            request.POST if request.method == "POST" else None,
            values={**(saved or {}), **self.draft.values},
            kept={**(held or {}), **dict.fromkeys(self.drafted_secrets(), KEPT)},
        )

    def drafted_secrets(self) -> dict[str, str]:
        values = self.draft.values
        return {s.name: values[s.name] for s in secret_settings(self.connector) if s.name in values}

    @property
    def complete(self) -> bool:
        """Whether the draft holds everything that is required."""
        return all(self.draft.values.get(s.name) for s in asked_settings(self.connector) if s.required)

    def values(self) -> dict[str, Any]:
        """What was entered, with the draft's secrets where the form was left blank. Needs a valid form."""
        return {**self.drafted_secrets(), **self.form.values()}

    def tested(self) -> Tested | None:
        """The result of the test of exactly these values, if there was one."""
        draft = self.draft
        return Tested(**draft.tested) if draft.tested and draft.values == self.values() else None

    def keep(self, tested: Tested | None) -> None:
        """Keep the values of a valid form, with the result of their test."""
        self._save(self.values(), tested)

    def keep_tested(self, verdict: Verdict) -> None:
        self.keep(Tested.now(verdict))

    def keep_secrets(self) -> None:
        """Keep the secrets of a form with errors elsewhere: they cannot be shown, and need not be typed again."""
        if secrets := self.form.secret_values():
            self._save({**self.draft.values, **secrets}, None)

    def drop(self) -> None:
        drafts.drop(self.session, self.key)

    def _save(self, values: dict[str, Any], tested: Tested | None) -> None:
        self.draft = Draft(self.draft.purpose, values, asdict(tested) if tested else None)
        self.key = drafts.save(self.session, self.draft, self.key)
        self.form.keep(dict.fromkeys(self.drafted_secrets(), KEPT))
