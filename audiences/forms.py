"""Forms of folders and segments."""

from typing import Any

from django import forms

from audiences import folders
from audiences.models import Folder, ParentSegment
from audiences.segments import NAME_LENGTH


class FolderChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """One of a parent segment's folders, named with its path, or none: the top."""

    def __init__(self, parent: ParentSegment, **kwargs: Any) -> None:
        self.paths = folders.paths(parent.pk)
        error = {"invalid_choice": "This folder does not exist any more. Choose another one."}
        super().__init__(
            Folder.objects.filter(parent_segment=parent),
            required=False,
            empty_label=None,
            error_messages=error,
            **kwargs,
        )
        self.choices = [("", "No folder (top)"), *self.paths.items()]
        self.note = "Where it stands in the tree"


class NameForm(forms.Form):
    """The name of a folder."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give it a name."},
    )


class NewFolderForm(NameForm):
    """A name, and the folder that it goes into."""

    def __init__(self, *args: Any, parent: ParentSegment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["folder"] = FolderChoice(parent, label="Folder")


class MoveForm(forms.Form):
    """Where a folder or a segment goes."""

    def __init__(self, *args: Any, parent: ParentSegment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["folder"] = FolderChoice(parent, label="Folder")


class SegmentForm(NewFolderForm):
    """What a segment has beside its rule. `base`: the moment at which what was loaded had been stored."""

    description = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), label="Description"
    )
    base = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ["name", "folder", "description"]
