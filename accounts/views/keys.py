"""Making and revoking keys for the API."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts import api_keys
from accounts.access import viewer
from accounts.audit import signed_in
from accounts.forms import NewKeyForm
from accounts.models import ApiKey, Role


@viewer
@require_http_methods(["GET", "POST"])
@cache_control(no_store=True)
def new(request: HttpRequest) -> HttpResponse:
    """The key stands in this one answer, and nowhere else."""
    posted = request.method == "POST"
    form = NewKeyForm(request.POST if posted else None, person=signed_in(request))
    made, key = None, ""
    if form.is_valid():
        name, role = form.cleaned_data["name"], form.cleaned_data["role"]
        owner, expires_at = signed_in(request), form.expires_at()
        made, key = api_keys.create(owner, name=name, role=role, expires_at=expires_at, request=request)
    context = {"form": form, "made": made, "key": key}
    return render(request, "accounts/api_key_new.html", context, status=422 if posted and not made else 200)


@viewer
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own key, or for admins anybody's."""
    person = signed_in(request)
    keys = ApiKey.objects.select_related("user").filter(revoked_at=None)
    key = get_object_or_404(keys if person.may(Role.ADMIN) else keys.filter(user=person), pk=pk)
    if request.method == "GET":
        return render(request, "accounts/api_key_revoke.html", {"key": key, "own": key.user == person})
    api_keys.revoke(key, request=request)
    messages.success(request, f"The key {key.name} is revoked.")
    return redirect("accounts:settings") if key.user == person else redirect("accounts:user", key.user_id)
