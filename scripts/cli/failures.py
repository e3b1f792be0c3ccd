"""Failures of a command: grouped by code, as lines, as a table and as a CSV file."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from processing.failures import FailureCode
from processing.wording import visible
from scripts.cli.output import Table, key_text

# Codes for failures on this machine, which the service cannot report.
NOT_UPLOADED = "not-uploaded"
NO_OUTCOME = "no-outcome"
NOT_COPIED = "not-copied"
LOCAL_MEANINGS = {
    NOT_UPLOADED: "The file could not be read or uploaded.",
    NO_OUTCOME: "The photo has no outcome.",
    NOT_COPIED: "The outputs exist, but could not be written to the output folder.",
}

MAX_EXAMPLES = 3
MAX_DETAIL_BYTES = 1_000
CSV_HEADINGS = ("name", "code", "reason", "what to do")
# Spreadsheets run a cell that begins like this as a formula (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Failure:
    """A photo or message that failed.

    Attributes:
        key: the photo's key; empty when the message names none.
        code: a failure code of the service, or one of the codes above.
        what_to_do: for people.
        detail: of this photo, for people; empty when the code says it all.
    """

    key: str
    code: str
    what_to_do: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class FailureGroup:
    """The failed photos of one code.

    Attributes:
        meaning: of the code, one sentence; empty for an unknown code.
        what_to_do: one sentence; empty when the notes say it.
        count: of all its failures.
        photos: key and note of each that is kept, on one line.
    """

    code: str
    meaning: str
    what_to_do: str
    count: int
    photos: tuple[tuple[str, str], ...]


def group_failures(failures: Iterable[Failure]) -> tuple[FailureGroup, ...]:
    """Group failures by code, the most frequent first."""
    by_code: dict[str, list[Failure]] = {}
    for failure in failures:
        by_code.setdefault(failure.code, []).append(failure)
    ordered = sorted(by_code.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(_group(code, members) for code, members in ordered)


def group_lines(groups: Iterable[FailureGroup], max_names: int) -> list[str]:
    """Explain each code once, with the names of a few of its photos.

    Args:
        groups: the failures by code.
        max_names: for each code.
    """
    lines: list[str] = []
    for group in groups:
        lines += ["", f"{group.code} ({group.count:,}): {group.meaning}".rstrip(": ")]
        lines += [f"  What to do: {group.what_to_do}"] if group.what_to_do else []
        lines += [f"  - {name}: {note}" if note else f"  - {name}" for name, note in group.photos[:max_names] if name]
        if group.count > max_names:
            lines.append(f"  and {group.count - max_names:,} more")
    return lines


def failure_table(failures: Iterable[Failure]) -> Table:
    """Group failures by code and advice, the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for failure in failures:
        groups.setdefault((failure.code, failure.what_to_do), []).append(failure.key)
    rows = [
        (code, len(keys), what_to_do, _examples(keys))
        for (code, what_to_do), keys in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    return Table(("code", "photos", "what to do", "examples"), rows)


def failures_csv(failures: Iterable[Failure]) -> bytes:
    """Write failures as CSV that spreadsheets open: UTF-8 with a byte order mark, no cell is a formula."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(CSV_HEADINGS)
    for failure in failures:
        rows.writerow(map(_inert, (failure.key, failure.code, failure.detail, failure.what_to_do)))
    return text.getvalue().encode("utf-8-sig", "backslashreplace")  # a name may be no valid Unicode


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _group(code: str, failures: Sequence[Failure]) -> FailureGroup:
    """Say once what all failures of a code have in common; their notes say the rest."""
    advice = {failure.what_to_do for failure in failures}
    common = advice.pop() if len(advice) == 1 else ""
    notes = sorted((f.key, f.detail if common else whole_note(f.detail, f.what_to_do)) for f in failures)
    photos = tuple(
        (key_text(key) if key else "", visible(note, MAX_DETAIL_BYTES) if note else "") for key, note in notes
    )
    return FailureGroup(code=code, meaning=_meaning(code), what_to_do=common, count=len(failures), photos=photos)


def whole_note(detail: str, what_to_do: str) -> str:
    """Return the note on a photo whose advice is not that of the others."""
    return f"{detail}: {what_to_do}" if detail else what_to_do


def _meaning(code: str) -> str:
    known = {member.value: member.meaning for member in FailureCode}
    return known.get(code) or LOCAL_MEANINGS.get(code, "")


def _examples(keys: list[str]) -> str:
    named = [key_text(key) for key in sorted(keys)[:MAX_EXAMPLES] if key]
    return ", ".join([*named, "..."] if len(keys) > MAX_EXAMPLES else named)
