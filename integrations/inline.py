"""Authentications given with a result instead of by name: `--result '{"type": …, "access_token": …}'`.

They are kept encrypted as all others are, and `rotate_credentials` covers them. Nobody can choose them: they belong to
the queries and jobs that they were given with, and go when none of these is left. The same one given again, every hour
by a workflow, is one row: a keyed fingerprint of all that is in it tells so, and tells nobody anything else.

One with a `base` holds only what completes or overrides that authentication, whose own values are read when they are
needed: a new token of the base counts at once.
"""

import json
import secrets as random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import audit
from accounts.models import User
from integrations.authentications import NameTaken, asked_settings, save, split
from integrations.forms import NAME_TAKEN, NameForm
from integrations.models import Authentication
from integrations.secrets import SecretUnreadable
from integrations.spec import Connector

SEEN_AGAIN = timedelta(hours=1)  # how exactly `updated_at` tells when it was given last


def keep(
    connector: Connector, values: Mapping[str, Any], *, base: Authentication | None, user: User | None
) -> Authentication:
    """The row of what was given: a new one, or the one that holds exactly this already. `values`: settings and secrets
    together, cleaned; `base`: what they complete or override."""
    plain, hidden = split(connector, values)
    mark, now = fingerprint(connector, values, base), timezone.now()
    new = Authentication(connector_key=connector.key, settings=plain, base=base, created_by=user)
    new.set_secrets(hidden, at=now)
    fields = ("connector_key", "settings", "base", "created_by", "encrypted", "secrets_set_at")
    defaults = {name: getattr(new, name) for name in fields} | {"inline": True, "name": _name(new)}
    with transaction.atomic():
        found, made = Authentication.objects.get_or_create(fingerprint=mark, defaults=defaults)
        if made:
            given = sorted(values)
            audit.record("authentication.create", found, user=user, connector=connector.key, inline=True, set=given)
            return found
    seen = Authentication.objects.filter(pk=found.pk)
    if found.updated_at < now - SEEN_AGAIN and not seen.update(updated_at=now):
        return keep(connector, values, base=base, user=user)  # the upkeep of the day has just taken it away
    return found


@transaction.atomic
def make_saved(one: Authentication, *, name: str, request: HttpRequest) -> None:
    """*Keep as an authentication*: an ordinary one, with a name, and with what it has of its base as its own.

    What uses it goes on to do so. Raises NameTaken, SecretUnreadable, and DoesNotExist where it is none any more.
    """
    found = Authentication.objects.select_for_update(of=("self",)).select_related("base").get(pk=one.pk, inline=True)
    values = found.all_settings()
    plain, hidden = split(found.connector, {s.name: values.get(s.name) for s in asked_settings(found.connector)})
    found.settings = plain
    found.set_secrets(hidden, at=found.secrets_set_at)
    found.name, found.inline, found.base, found.fingerprint = name, False, None, None
    save(found)
    details = {"connector": found.connector_key, "set": sorted([*plain, *hidden])}
    audit.record("authentication.keep", found, request=request, name=name, **details)
    one.refresh_from_db()


def kept_as(one: Authentication, form: NameForm, *, request: HttpRequest) -> bool:
    """`make_saved` by a valid form; False: the form says why not."""
    try:
        make_saved(one, name=form.cleaned_data["name"], request=request)
    except NameTaken:
        form.add_error("name", NAME_TAKEN)
    except SecretUnreadable as error:
        form.add_error("name", f"{error} Give the result anew, or restore the key.")
    except Authentication.DoesNotExist:
        form.add_error("name", "Someone else has kept or removed it meanwhile. Load the page again.")
    return form.is_valid()


@transaction.atomic
def delete_unneeded(before: datetime, most: int) -> int:
    """At most so many of those that were given last before that time, and that no query and no job needs any more.

    → how many. Whoever gives one of them at this moment waits, and makes it anew.
    """
    unneeded = Authentication.objects.filter(inline=True, updated_at__lt=before)
    for relation in Authentication._meta.related_objects:
        users: Any = relation.related_model
        used = users._base_manager.filter(**{relation.field.name: OuterRef("pk")})
        unneeded = unneeded.filter(~Exists(used))
    pks = list(unneeded.select_for_update(of=("self",)).values_list("pk", flat=True)[:most])
    return Authentication.objects.filter(pk__in=pks).delete()[1].get(Authentication._meta.label, 0)


def fingerprint(connector: Connector, values: Mapping[str, Any], base: Authentication | None) -> str:
    """The same for the same connector, base and values, and for nothing else; of no use without SECRET_KEY."""
    told = json.dumps([connector.key, base.pk if base else None, values], sort_keys=True)
    return salted_hmac("integrations.inline", told, algorithm="sha256").hexdigest()


def _name(new: Authentication) -> str:
    """Like "LINE Tag ID tag_1234, given with a result (3fa9c1d2)": no other has it."""
    what = f"{new.base.name[:180]} with other settings" if new.base else new.address
    return f"{what}, given with a result ({random.token_hex(4)})"
