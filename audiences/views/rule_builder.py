"""The rule builder: a new segment or a change to one, and what it asks for while someone edits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from accounts import audit
from accounts.access import editor
from audiences import counting, folders, rule_form, rule_reading
from audiences import segments as kept
from audiences.activations import NotCompiled, overtaken
from audiences.compiled import Rules
from audiences.definitions import Definition
from audiences.forms import SegmentForm
from audiences.models import ParentSegment, Segment
from audiences.rule_checks import check, hush
from audiences.rule_form import Node
from audiences.rule_rows import Offer, Row
from audiences.rules.model import Rule
from audiences.rules.problems import RuleError
from audiences.segments import Conflict, Draft
from audiences.views import looks
from audiences.views.segments import a_segment
from exports.errors import NameTaken, NotPossible
from exports.views.queries import me


@dataclass
class Bench:
    """What the builder works on: a parent segment, and the segment of it that is edited, if it is there yet."""

    parent: ParentSegment
    segment: Segment | None
    root: Node

    def __post_init__(self) -> None:
        self.rules = Rules(self.parent)
        paths = folders.paths(self.parent.pk)
        found = kept.referable(self.parent, self.segment)
        names = {
            pk: folders.SEPARATOR.join(filter(None, (paths.get(s.folder_id or 0), s.name))) for pk, s in found.items()
        }
        by_name = dict(sorted(names.items(), key=lambda item: item[1].casefold()))
        self.offer = Offer(self.rules.schema, Definition.from_json(self.parent.definition), by_name)

    def check(self) -> Rule | None:
        """What it holds; or None, and the nodes say why not."""
        return check(self.root, self.offer.subjects, lambda data: self.rules.parsed(data, self.segment))

    def row(self, focus: int | None = None) -> Row:
        return Row(self.root, self.offer, focus=focus)


@editor
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """`folder` (a number) in the address: where it goes."""
    parent = _parent(pk)
    if request.method == "GET":
        form = SegmentForm(parent=parent, initial={"folder": request.GET.get("folder", "")})
        return _page(request, Bench(parent, None, rule_form.fresh()), form)
    return _answer(request, _posted(request, parent), SegmentForm(request.POST, parent=parent))


@editor
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    segment = a_segment(pk)
    parent = segment.parent_segment
    if request.method == "GET":
        values = {"name": segment.name, "folder": segment.folder_id, "description": segment.description}
        form = SegmentForm(parent=parent, initial=values | {"base": segment.updated_at.isoformat()})
        bench = Bench(parent, segment, rule_reading.from_json(segment.rule))
        bench.check()  # what it names may be gone
        return _page(request, bench, form)
    return _answer(request, _posted(request, parent, segment), SegmentForm(request.POST, parent=parent))


def _answer(request: HttpRequest, bench: Bench, form: SegmentForm) -> HttpResponse:
    """A button within the rule shows the page anew, without JavaScript; the others save."""
    if deed := request.POST.get("act"):
        focus = rule_form.act(bench.root, deed)
        return _page(request, bench, form, focus=focus)
    rule = bench.check()
    if not form.is_valid() or rule is None:
        return _page(request, bench, form, status=422, rule_wrong=rule is None)
    data, written = form.cleaned_data, rule.to_json()
    counted = counting.unseal(request.POST.get("counted", ""), bench.parent, written)
    draft = Draft(data["name"], data["description"], data["folder"], written, counted)
    try:
        return redirect("audiences:segment", _save(request, bench, draft, data["base"]).pk)
    except NameTaken:
        form.add_error("name", "A segment with this name exists in this folder.")
        return _page(request, bench, form, status=422)
    except (NotCompiled, NotPossible, RuleError) as error:
        form.add_error(None, str(error))
        return _page(request, bench, form, status=422)
    except Conflict as conflict:
        return _page(request, bench, form, status=422, conflict=conflict.segment)


def _save(request: HttpRequest, bench: Bench, draft: Draft, base: str) -> Segment:
    user = me(request)
    if bench.segment is None:
        made = kept.create(bench.parent, draft, user=user)
        audit.record("segment.create", made, request=request, parent_segment=bench.parent.name)
        messages.success(request, f"Segment “{made.name}” created.")
        return made
    # "Save anyway" names the moment of what its reader has seen and wants to save over.
    changed = kept.update(bench.segment, draft, base=_moment(request.POST.get("over") or base), user=user)
    if changed:
        audit.record("segment.update", bench.segment, request=request, parent_segment=bench.parent.name)
        if late := overtaken(bench.parent):
            messages.warning(request, late)
    messages.success(request, "Segment saved." if changed else "There was nothing to save.")
    return bench.segment


@editor
@require_POST
def builder(request: HttpRequest, pk: int) -> HttpResponse:
    """The rule as it was posted, with the fields that it needs now. The page then asks for the count."""
    bench = _posted(request, _parent(pk))
    focus = rule_form.act(bench.root, request.POST.get("act", ""))
    bench.check()
    hush(bench.root)
    context = {"row": bench.row(focus), "parent": bench.parent}
    response = render(request, "audiences/segments/_builder.html", context)
    return trigger_client_event(response, "rule-settled", after="settle")


@editor
@require_POST
def count(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel beside the rule that was posted: count, sentence and SQL."""
    bench = _posted(request, _parent(pk))
    rule = bench.check()
    if rule is None:
        return render(request, "audiences/segments/_panel.html", {"unfinished": hush(bench.root)})
    return looks.count(request, bench.parent, bench.rules, rule)


@editor
@require_POST
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    """Some customers for whom the rule that was posted holds, masked."""
    bench = _posted(request, _parent(pk))
    rule = bench.check()
    return looks.sample(request, bench.parent, bench.rules, rule)


def _posted(request: HttpRequest, parent: ParentSegment, segment: Segment | None = None) -> Bench:
    if segment is None and (number := request.POST.get("segment", "")).isdecimal():
        segment = Segment.objects.filter(parent_segment=parent, pk=int(number[:18])).first()
    return Bench(parent, segment, rule_form.read(request.POST))


def _page(
    request: HttpRequest,
    bench: Bench,
    form: SegmentForm,
    *,
    focus: int | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    context |= {"form": form, "row": bench.row(focus), "parent": bench.parent, "segment": bench.segment}
    return render(request, "audiences/segments/edit.html", context, status=status)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.min


def _parent(pk: int) -> ParentSegment:
    return get_object_or_404(ParentSegment.objects.select_related("query"), pk=pk)
