"""One change at a time to what activations are compiled from: the definition, the rules and the activations themselves.

Whoever changes one of these takes the lock first and reads what it goes by afterwards. Otherwise an activation could
keep the SQL of a rule that was just saved over.
"""

from audiences.models import ParentSegment, Segment
from exports.errors import NotPossible


def lock(parent: int) -> None:
    """Until the transaction ends nobody else changes what belongs to this parent segment. Raises NotPossible."""
    if not ParentSegment.objects.select_for_update().filter(pk=parent):
        raise NotPossible("The parent segment was deleted meanwhile.")


def locked(segment: Segment) -> Segment:
    """The segment as it is now, with the lock of its parent segment. Raises NotPossible."""
    lock(segment.parent_segment_id)
    found = Segment.objects.select_related("parent_segment__query").filter(pk=segment.pk).first()
    if found is None:
        raise NotPossible("The segment was deleted meanwhile.")
    return found
