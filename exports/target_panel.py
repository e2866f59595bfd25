"""What the Export Results panel shows: the draft of a target, held against a sample of the query's rows."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db.models import Q

from exports.exporter import mapping as core
from exports.exporter.mapping import Mapping, check_mapping, close_names
from exports.exporter.plan import PlanError, compile_plan, type_problems
from exports.exporter.verdicts import FieldVerdict, Verdicts, sample_payload, verdicts
from exports.readiness import Readiness, Warned, readiness, warned
from exports.result_grammar import MASK
from exports.target_drafts import Draft, Sources
from exports.target_forms import delivery_form
from exports.target_rows import Group, Row, says
from exports.target_sample import Sample
from exports.targets import Target
from integrations.authentications import asked_settings, secret_settings
from integrations.forms import SettingsForm
from integrations.models import Authentication
from integrations.sources import sendable
from integrations.spec import Connector, Field, OnlyWeak

SHOW = {"all": "All", "mapped": "Mapped", "bad": "Problems", "none": "Not sent"}
SEARCH_ABOVE = 6  # authentications; fewer are seen at a glance


@dataclass(frozen=True)
class Panel:
    """A draft with everything that can be said about it. `show`: which fields are listed, a key of SHOW."""

    draft: Draft
    sample: Sample
    time_zone: str = "UTC"
    show: str = "all"
    find: str = ""
    now: int = 0  # UNIX seconds that times are held against

    @cached_property
    def connector(self) -> Connector:
        """Of the chosen authentication: there is one."""
        connector: Connector = self.authentication.destination
        return connector

    @property
    def authentication(self) -> Any:
        return self.draft.authentication

    @cached_property
    def authentications(self) -> list[Authentication]:
        """Those whose name has the searched text in it; the chosen one always."""
        chosen = Q(pk=self.authentication.pk) if self.authentication else Q(pk=None)
        return list(sendable().filter(Q(name__icontains=self.find.strip(), inline=False) | chosen))

    @property
    def given(self) -> list[tuple[str, str]]:
        """(label, value) of what came with the query through the API; its secrets masked."""
        one = self.authentication
        secret = MASK if one.encrypted else ""
        values = {**one.settings, **{s.name: secret for s in secret_settings(self.connector)}}
        shown = [(s.label, values.get(s.name)) for s in asked_settings(self.connector)]
        return [(label, _words(value)) for label, value in shown if value]

    @property
    def by_name(self) -> bool:
        """The fields take the columns of their names, and these are not known here."""
        return self.draft.mapping is None and not self.sample.known

    @property
    def searchable(self) -> bool:
        return bool(self.find) or len(self.authentications) > SEARCH_ABOVE

    @cached_property
    def delivery(self) -> SettingsForm:
        return delivery_form(self.connector, self.draft.settings)

    @property
    def delivery_facts(self) -> list[tuple[str, str]]:
        """(label, value in words) of each export setting."""
        values = {s: self.settings[s.name] for s in self.connector.settings_of("export")}
        return [(s.label, _words(value)) for s, value in values.items()]

    @cached_property
    def mapping(self) -> Sources:
        """The draft's sources of fields that the destination has; columns with a field's name where none was made."""
        if self.draft.mapping is None:
            return self._suggested()
        known = {f.name for f in self.connector.fields}
        return {name: source for name, source in self.draft.mapping.items() if name in known}

    def matched(self) -> "Panel":
        """The panel after *Match by name*: fields without a source, or whose column is gone, get one of their name."""
        kept = {name: source for name, source in self.mapping.items() if not self._missing(source)}
        draft = replace(self.draft, mapping={**self._suggested(), **kept})
        return replace(self, draft=draft)

    def _suggested(self) -> Sources:
        return core.to_json(core.suggest(self.connector, self.sample.columns))

    # --- what the sample says ---

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The authentication's settings without secrets, and the export's; defaults where one is not allowed."""
        defaults = {s.name: s.default for s in self.connector.settings_of("export")}
        valid = self.delivery.values() if self.delivery.is_bound and self.delivery.is_valid() else {}
        return {**self.authentication.public_settings(), **defaults, **valid}

    @cached_property
    def problems(self) -> dict[str, list[str]]:
        """By field ("": of the whole), what must be put right before anything can be sent."""
        columns = self.sample.columns if self.sample.known else self._mapped_columns
        found = check_mapping(self.connector, self._sources, columns, now=self.now)
        if self.sample.table is not None:
            found += type_problems(self.connector, self._sources, self.sample.table.schema)
        by_field: dict[str, list[str]] = {}
        for problem in found:
            by_field.setdefault(problem.field, []).append(problem.text)
        return by_field

    @cached_property
    def verdicts(self) -> Verdicts | None:
        """None when there are no rows."""
        batch = self.sample.batch
        if batch is None:
            return None
        return verdicts(self.connector, self._sources, self.settings, batch, now=self.now, time_zone=self.time_zone)

    @cached_property
    def rows(self) -> list[Row]:
        return [self._row(field) for field in self.connector.fields]

    @property
    def groups(self) -> list[Group]:
        """The groups that are always shown."""
        return [self._group(name) for name in self.connector.groups if name != self.connector.additional]

    @property
    def additional(self) -> Group | None:
        """The group that is closed until a field of it is mapped, or a column has a field's name."""
        return self._group(self.connector.additional) if self.connector.additional else None

    @property
    def mapped(self) -> list[Row]:
        return [row for row in self.rows if row.mapped]

    @property
    def columns(self) -> list[str]:
        """Names to choose from; those of the mapping where the query's are not known."""
        return list(dict.fromkeys(self.sample.columns if self.sample.known else self._mapped_columns))

    @property
    def filters(self) -> list[tuple[str, str, int]]:
        """(key, word, number of fields) of each way to list them."""
        states = [row.state for row in self.rows]
        counts = {
            "all": len(states),
            "mapped": len(self.mapped),
            "bad": states.count("bad"),
            "none": len(states) - len(self.mapped),
        }
        return [(key, word, counts[key]) for key, word in SHOW.items()]

    @property
    def problem_count(self) -> int:
        return sum(1 for row in self.rows if row.state == "bad")

    @property
    def record_problems(self) -> list[str]:
        """What concerns whole rows."""
        reason = self.verdicts.reason if self.verdicts else ""
        return self.problems.get("", []) or ([reason] if reason else [])

    @property
    def required_says(self) -> str:
        required = [row for row in self.rows if row.field.required]
        return f"{sum(row.ready for row in required)} of {len(required)} required fields mapped"

    @property
    def complete(self) -> bool:
        """Whether every required field is mapped."""
        return all(row.ready for row in self.rows if row.field.required)

    @property
    def outcome(self) -> str:
        """One sentence: what would happen to the sample's rows."""
        if bad := [name for name in self.problems if name]:
            return f"Nothing would be sent: {_and(bad)} {'needs' if len(bad) == 1 else 'need'} attention."
        if self.problems:
            return "Nothing would be sent: no row would have an identifier."
        if not self.verdicts:
            return "There are no sample rows to check."
        skips = self.settings["ignore_invalid_records"]
        return self.verdicts.outcome_on if skips else self.verdicts.outcome_off

    @property
    def payload(self) -> str:
        """The first good row's event as JSON, masked; "" when there is none."""
        batch = self.sample.batch
        if batch is None or self.problems:
            return ""
        try:
            plan = compile_plan(
                self.connector,
                self._sources,
                self.settings,
                batch.schema,
                now=self.now,
                time_zone=self.time_zone,
            )
        except PlanError:
            return ""
        event = sample_payload(plan, batch)
        return json.dumps(event, ensure_ascii=False, indent=2) if event else ""

    @property
    def readiness(self) -> Readiness | None:
        """Of the sample's good rows; None when there are none."""
        return readiness(self.connector, self.verdicts.summary) if self.verdicts else None

    @property
    def warnings(self) -> list[Warned]:
        """Of the sample; what its readiness says already is left out."""
        if not self.verdicts:
            return []
        found, rows = self.verdicts, self.sample.rows
        columns = {name: str(source["column"]) for name, source in self.mapping.items() if "column" in source}
        told = {w.code for w in self.connector.warnings if isinstance(w, OnlyWeak)}
        warnings = warned(self.connector, found.summary, columns, refused=found.refused, rows=rows)
        return [warning for warning in warnings if warning.code not in told]

    def target(self) -> Target | None:
        """The finished target; None while something must be put right."""
        if self.authentication is None or self.problems or not self.delivery.is_valid():
            return None
        return Target(self.authentication, self.mapping, self.delivery.values())

    # --- parts ---

    @property
    def _sources(self) -> Mapping:
        return core.from_json(self.mapping)

    @property
    def _mapped_columns(self) -> list[str]:
        return [str(source["column"]) for source in self.mapping.values() if "column" in source]

    def _group(self, name: str) -> Group:
        rows = [row for row in self.rows if row.field.group == name]
        wanted = any(row.mapped or row.field.name in self.sample.columns for row in rows)
        return Group(name, self.connector.groups[name], rows, open=wanted)

    def _row(self, field: Field) -> Row:
        source = self.mapping.get(field.name, {})
        verdict = self.verdicts.fields.get(field.name) if self.verdicts else None
        problems = self.problems.get(field.name, [])
        return Row(
            field=field,
            source=source,
            problems=problems,
            verdicts=[] if problems else self._words(field, source, verdict),
            valid=bool(verdict and not verdict.reason),
            sample=verdict.sample if verdict else "",
            missing=self._missing(source),
            suggestion=self._suggestion(field, source),
        )

    def _words(self, field: Field, source: dict[str, Any], verdict: FieldVerdict | None) -> list[str]:
        if verdict:
            return [says(field, verdict)]
        if source or not self.sample.known:
            return []
        return ["Not sent" if field.name in self.sample.columns else "No column with this name"]

    def _missing(self, source: dict[str, Any]) -> bool:
        return self.sample.known and "column" in source and source["column"] not in self.sample.columns

    def _suggestion(self, field: Field, source: dict[str, Any]) -> str:
        """A column that may be meant, where none is mapped and that one has no other use."""
        if source and not self._missing(source):
            return ""
        if field.name in self.sample.columns:
            return field.name
        free = [name for name in self._close.get(field.name, []) if name not in self._mapped_columns]
        return free[0] if free else ""

    @cached_property
    def _close(self) -> dict[str, list[str]]:
        return close_names(self.connector, self.sample.columns)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "On" if value else "Off"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _and(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
