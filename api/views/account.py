"""Users, their keys, and the account."""

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Sum
from django.utils import timezone

from accounts import api_keys, people, sessions
from accounts.forms import NewPersonForm
from accounts.models import Role, User
from api.declared import BOOLEAN, INTEGER, TEXT, Answer, Call, Param, array, endpoint, nullable, record
from api.errors import ApiError, missing
from api.times import utc
from warehouse.models import TableFile

TAG = "Users"
USER = record(name=TEXT, email=TEXT)
ME = record(
    id=INTEGER,
    name=TEXT,
    first_name=TEXT,
    last_name=TEXT,
    email=TEXT,
    phone=nullable(TEXT),
    gravatar_url=TEXT,
    administrator=BOOLEAN,
    created_at=TEXT,
    updated_at=TEXT,
    account_owner=BOOLEAN,
)
PASSWORD = Param("password", required=True, most=1000)
NEW_PASSWORD = Param("password", help="At least 10 characters", required=True, most=1000)


@endpoint(
    "POST",
    "/v3/user/authenticate",
    role=None,
    tag=TAG,
    params=(Param("user", help="Username", required=True, most=150), PASSWORD),
    answer=record(apikey=TEXT),
)
def authenticate_user(call: Call) -> Answer:
    """Make a new key from a username and its password. After several wrong ones it waits, as the sign-in page does."""
    user = _signed_in(call, call["user"], call["password"])
    if user is None:
        raise ApiError(401, "The username or the password is wrong.")
    with_user = f"Signed in by the API, {timezone.now():%Y-%m-%d}"
    call.request.user = user
    _, key = api_keys.create(user, name=with_user, request=call.request)
    return {"apikey": key}


@endpoint("GET", "/v3/user/list", tag=TAG, answer=record(users=array(USER)))
def user_list(call: Call) -> Answer:
    """List the people who can sign in. Only admins see the e-mail addresses of others."""
    sees_all = call.may(Role.ADMIN)
    active = User.objects.filter(is_active=True).order_by("username")
    return {"users": [_user(user, sees_all or user == call.user) for user in active]}


def _user(user: User, with_email: bool) -> dict[str, str]:
    return {"name": user.username, "email": user.email if with_email else ""}


@endpoint("GET", "/v3/user/show", tag=TAG, answer=ME)
def user_show(call: Call) -> Answer:
    """Show whose key it is."""
    user = call.user
    first, _, last = user.name.partition(" ")
    return {
        "id": user.pk,
        "name": user.display_name,
        "first_name": first,
        "last_name": last,
        "email": user.email,
        "phone": None,
        "gravatar_url": "",
        "administrator": user.may(Role.ADMIN),
        "created_at": utc(user.date_joined),
        "updated_at": utc(user.last_login or user.date_joined),
        "account_owner": user.is_superuser,
    }


@endpoint(
    "GET",
    "/v3/user/apikey/validate",
    tag=TAG,
    answer=record(key_type=TEXT, account_id=INTEGER, administrator=BOOLEAN, user_id=INTEGER),
)
def apikey_validate(call: Call) -> Answer:
    """Tell what the key may do."""
    administrator = call.may(Role.ADMIN)
    return {
        "key_type": "master",
        "account_id": api_keys.ACCOUNT,
        "administrator": administrator,
        "user_id": call.user.pk,
    }


@endpoint("GET", "/v3/user/apikey/list/{name}", tag=TAG, answer=record(apikeys=array(TEXT)))
def apikey_list(call: Call, name: str) -> Answer:
    """List the beginnings of a person's keys that are in use: a whole key is shown only when it is made."""
    return {"apikeys": [key.masked for key in api_keys.in_use(_own_or_any(call, name))]}


@endpoint("POST", "/v3/user/apikey/add/{name}", tag=TAG, answer=record(apikey=TEXT))
def apikey_add(call: Call, name: str) -> Answer:
    """Make a key. It may do no more than the key that asks for it, and ends with it at the latest."""
    user, by = _own_or_any(call, name), call.key
    role, expires_at = (by.effective_role, by.expires_at) if by else (None, None)
    _, key = api_keys.create(user, name="Added by the API", role=role, expires_at=expires_at, request=call.request)
    return {"apikey": key}


@endpoint(
    "POST",
    "/v3/user/apikey/remove/{name}",
    tag=TAG,
    params=(Param("apikey", help="The key, or its beginning as listed", required=True, most=100),),
    answer=record(apikey=TEXT),
)
def apikey_remove(call: Call, name: str) -> Answer:
    """Revoke a key for good."""
    given = call["apikey"]
    keys = [
        key for key in api_keys.in_use(_own_or_any(call, name)) if given == key.masked or api_keys.is_it(key, given)
    ]
    if not keys:
        raise missing(f"The key {given[:8]}…")
    if len(keys) > 1:
        raise ApiError(422, "Several keys begin like that. Give the whole key, or revoke it in My Settings.")
    api_keys.revoke(keys[0], request=call.request)
    return {"apikey": keys[0].masked}


@endpoint(
    "POST",
    "/v3/user/add/{name}",
    role=Role.ADMIN,
    tag=TAG,
    params=(Param("email", most=254), NEW_PASSWORD),
    answer=USER,
)
def user_add(call: Call, name: str) -> Answer:
    """Add a person, as a viewer. An admin gives other roles in the console."""
    data = {"username": name, "email": call["email"] or "", "password": call["password"], "role": Role.VIEWER}
    form = NewPersonForm(data)
    if User.objects.filter(username__iexact=name).exists():
        raise ApiError(409, f"User {name} already exists.")
    if not form.is_valid():
        problems = {field: [str(text) for text in texts] for field, texts in form.errors.items()}
        says = " ".join(f"{field}: {' '.join(texts)}" for field, texts in problems.items())
        raise ApiError(422, f"Validation failed: {says}", problems)
    try:
        person = people.create(request=call.request, **form.cleaned_data)
    except IntegrityError as error:  # another call added that very name meanwhile
        raise ApiError(409, f"User {name} already exists.") from error
    return _user(person, True)


@endpoint("POST", "/v3/user/remove/{name}", role=Role.ADMIN, tag=TAG, answer=record(name=TEXT))
def user_remove(call: Call, name: str) -> Answer:
    """Deactivate a person. What they made stays."""
    try:
        people.deactivate(_named(name).pk, request=call.request)
    except people.LastAdmin as error:
        raise ApiError(409, str(error)) from error
    return {"name": name}


@endpoint(
    "POST",
    "/v3/user/email/change/{name}",
    role=Role.ADMIN,
    tag=TAG,
    params=(Param("email", required=True, most=254),),
    answer=USER,
)
def email_change(call: Call, name: str) -> Answer:
    """Change a person's e-mail address."""
    user = _named(name)
    field = User._meta.get_field("email")
    try:
        email = field.clean(call["email"], user)
    except ValidationError as error:
        raise ApiError(422, f"Validation failed: email: {' '.join(error.messages)}") from error
    return _user(people.change(user.pk, request=call.request, name=user.name, email=email), True)


@endpoint("POST", "/v3/user/password/change/{name}", role=Role.ADMIN, tag=TAG, params=(NEW_PASSWORD,), answer=USER)
def password_change_of(call: Call, name: str) -> Answer:
    """Set a person's password."""
    user = _named(name)
    _set_password(call, user)
    return _user(user, True)


@endpoint(
    "POST",
    "/v3/user/password/change",
    tag=TAG,
    params=(Param("old_password", required=True, most=1000), NEW_PASSWORD),
    answer=USER,
)
def password_change(call: Call) -> Answer:
    """Change one's own password."""
    user = _signed_in(call, call.user.username, call["old_password"])
    if user is None:
        raise ApiError(422, "Validation failed: old_password: is wrong", {"old_password": ["is wrong"]})
    _set_password(call, user)
    return _user(user, True)


@endpoint(
    "GET",
    "/v3/account/show",
    tag=TAG,
    answer=record(
        account=record(
            id=INTEGER,
            plan=TEXT,
            storage_size=INTEGER,
            guaranteed_cores=nullable(INTEGER),
            maximum_cores=nullable(INTEGER),
            created_at=TEXT,
        )
    ),
)
def account_show(call: Call) -> Answer:
    """Show the account: one console is one account."""
    first = User.objects.order_by("date_joined").values_list("date_joined", flat=True).first()
    return {
        "account": {
            "id": api_keys.ACCOUNT,
            "plan": "self-hosted",
            "storage_size": _stored_bytes(),
            "guaranteed_cores": None,
            "maximum_cores": None,
            "created_at": utc(first),
        }
    }


def _stored_bytes() -> int:
    """Of the tables that are listed now."""
    return TableFile.objects.filter(retired_at=None).aggregate(bytes=Sum("bytes"))["bytes"] or 0


def _named(name: str) -> User:
    user = User.objects.filter(username=name).first()
    if user is None:
        raise missing(f"User {name}")
    return user


def _signed_in(call: Call, username: str, password: str) -> User | None:
    """Whose password it is. Raises ApiError 429 after too many wrong ones."""
    user = authenticate(call.request, username=username, password=password)
    if getattr(call.request, "axes_locked_out", False):
        seconds = str(sessions.wait(call.request))
        raise ApiError(429, f"Too many wrong passwords. Try again in {seconds} seconds.", Retry_After=seconds)
    return user if isinstance(user, User) else None


def _own_or_any(call: Call, name: str) -> User:
    """One's own keys, and for admins everybody's. Raises ApiError."""
    if name == call.user.username:
        return call.user
    if not call.may(Role.ADMIN):
        raise ApiError(403, "Only admins see the keys of others.")
    return _named(name)


def _set_password(call: Call, user: User) -> None:
    try:
        validate_password(call["password"], user)
    except ValidationError as error:
        raise ApiError(422, f"Validation failed: password: {' '.join(error.messages)}") from error
    people.set_password(user, call["password"], request=call.request)
