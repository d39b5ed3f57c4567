"""What a taxonomy says of the labels and contexts that a change gives."""

from collections.abc import Collection

from toonvision.core.errors import UsageError
from toonvision.label.annotations import Sheet
from toonvision.label.changes import Change
from toonvision.taxonomy.labels import Taxonomy


def refines(sheet: Sheet, change: Change, taxonomy: Taxonomy) -> bool:
    """Return whether a change says which label of the class it is that is all that the models know."""
    proposal = next((one for one in sheet.proposals if one.id == change.id), None)
    if change.kind != "relabel" or proposal is None or proposal.is_exact:
        return False
    return taxonomy.class_of(change.label, proposal.level) == proposal.label


def require_labels(before: Sheet, after: Sheet, taxonomy: Taxonomy) -> None:
    """Refuse a label that is none: one that was there before may stay, as another program wrote it.

    Raises:
        UsageError: Naming it.
    """
    old = {one.label for one in before.annotation.boxes}
    for one in after.annotation.boxes:
        if one.label not in old and one.label not in taxonomy.by_name:
            raise UsageError(f"the taxonomy has no label {one.label!r}. Choose one of its labels.")


def require_context(change: Change, contexts: Collection[str]) -> None:
    """Refuse a context that is none.

    Raises:
        UsageError: Naming it.
    """
    if change.kind == "context" and change.context not in contexts:
        raise UsageError(f"there is no context {change.context!r}. Choose one of the taxonomy's.")
