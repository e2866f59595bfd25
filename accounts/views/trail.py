from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import admin
from accounts.audit import record
from accounts.models import AuditEntry
from accounts.trail import EntryFilter, as_csv, page


@admin
@require_GET
def audit_trail(request: HttpRequest) -> HttpResponse:
    found = EntryFilter(request.GET, AuditEntry.objects.all())
    shown = page(found.qs, before=request.GET.get("before", ""), after=request.GET.get("after", ""))
    return render(request, "accounts/audit.html", {"form": found.form, "page": shown})


@admin
@require_GET
def audit_csv(request: HttpRequest) -> HttpResponseBase:
    """Every entry that the filters find. That it was downloaded is an entry too."""
    found = EntryFilter(request.GET, AuditEntry.objects.all())
    if not found.is_valid():
        return redirect(f"{reverse('accounts:audit')}?{request.GET.urlencode()}")
    entries = found.qs
    record("audit.download", request=request, name="Audit trail", filters=found.in_words())
    name = f"audit-{timezone.now():%Y%m%d-%H%M%S}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(as_csv(entries), content_type="text/csv; charset=utf-8", headers=disposition)
