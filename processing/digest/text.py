"""The digest for people: the subject, the e-mail and the text message."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from processing.digest.sns_limits import MAX_SMS_BYTES, MAX_SUBJECT_CHARACTERS, fair_shares
from processing.digest.totals import Status, Totals
from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult
from processing.wording import count_of, human_bytes, stage_label, visible, without_links

# A longer list would not be read, and would leave less of the 256 KiB for the JSON.
MAX_FAILURES_NAMED = 50
MAX_WAITING_NAMED = 10
MAX_NOTES_NAMED = 10
MAX_NAME_BYTES = 300
MAX_DETAIL_BYTES = 200

# The codes' own meanings describe the last attempt ("on every attempt"); these photos have attempts left.
_WHY_RETRYING = {
    FailureCode.THROTTLED: "AWS asked Darkroom to slow down.",
    FailureCode.STORAGE_UNAVAILABLE: "S3 could not be reached or answered with an error.",
    FailureCode.ACCESS_DENIED: "Darkroom was not allowed to read the photo or to store its outputs. "
    "Check the permissions before the attempts run out.",
    FailureCode.BUCKET_MISSING: "A bucket was missing during this attempt. "
    "Create it again before the attempts run out.",
    FailureCode.DISK_FULL: "The function's ephemeral storage was full during this attempt.",
    FailureCode.OUT_OF_TIME: "Time ran out before the photo was finished.",
    FailureCode.INTERNAL_ERROR: "Darkroom itself failed. Check the logs if this continues.",
}
_WHY_DEFERRED = "Not enough time was left to start."
_NO_WORK = {
    Outcome.DUPLICATE: "done before, so nothing new was made",
    Outcome.SUPERSEDED: "replaced by a newer upload in the meantime",
    Outcome.GONE: "deleted before Darkroom could read it",
}


@dataclass(frozen=True)
class _Group:
    """Results with one code; `count` includes those that are not kept."""

    label: str
    explanation: str
    count: int
    results: Sequence[RecordResult]


def subject(totals: Totals, stage: str) -> str:
    """Build the subject: `Darkroom prod: 9 photos ready, 1 failed`."""
    parts = [count_of(totals.ready, "photo") + " ready"] if totals.ready else []
    if totals.failed:
        parts.append(f"{f'{totals.failed:,}' if parts else count_of(totals.failed, _failed_noun(totals))} failed")
    if totals.waiting:
        parts.append(f"{f'{totals.waiting:,}' if parts else count_of(totals.waiting, 'photo')} to be tried again")
    if totals.unreadable:
        parts.append(f"{count_of(totals.unreadable, 'report')} unreadable")
    summary = ", ".join(parts) or ("nothing new" if totals.all else "no photos")
    mark = "" if not totals.repeated else ", repeated" if totals.repeated == totals.batches else ", partly repeated"
    line = f"{f'Darkroom {stage_label(stage)[:24]}'.strip()}: {summary}"
    return line[: MAX_SUBJECT_CHARACTERS - len(mark)] + mark


def sms(totals: Totals, stage: str) -> str:
    """Build the subject with as many failure codes as fit."""
    line = subject(totals, stage)
    reasons = [f"{group.count:,} {group.label}" for group in _failure_groups(totals)]
    for named in range(len(reasons), 0, -1):
        shown = reasons[:named] if named == len(reasons) else [*reasons[:named], "more"]
        longer = f"{line}. Why: {', '.join(shown)}."
        if len(longer) <= MAX_SMS_BYTES:
            return longer
    return line


def email(totals: Totals, reference: str) -> str:
    """Build the e-mail, without the sections that have nothing to report.

    Args:
        totals: counts and results.
        reference: the text that finds the matching log lines; empty when there is none.
    """
    sections = [_summary(totals), _failures(totals), _waiting(totals), _noted(totals), _footer(totals, reference)]
    return without_links("\n\n".join("\n".join(section) for section in sections if section)) + "\n"


def _failed_noun(totals: Totals) -> str:
    if not totals.messages:
        return "photo"
    return "message" if totals.messages == totals.failed else "item"


def _summary(totals: Totals) -> list[str]:
    # The lines after these add up to the number of photos and messages that came in.
    lines = ["All went well.", ""] if totals.ready and totals.status is Status.OK else []
    lines += _came_in(totals)
    if totals.ready:
        is_ready = "is ready" if totals.ready == 1 else "are ready"
        lines.append(f"{totals.ready:,} {is_ready}{_files(totals)}{_size(totals.bytes_out)}.")
    if totals.failed:
        lines.append(f"{totals.failed:,} failed and {_was(totals.failed)} set aside; the originals are untouched.")
    if totals.waiting:
        lines.append(f"{totals.waiting:,} will be tried again automatically.")
    for outcome, sentence in _NO_WORK.items():
        if number := totals.counts[outcome]:
            lines.append(f"{number:,} {_was(number)} {sentence}.")
    return lines if lines or totals.unreadable else ["There was nothing to do."]


def _came_in(totals: Totals) -> list[str]:
    photos = totals.all - totals.messages - totals.ignored
    lines = [f"{count_of(photos, 'photo')} went in{_size(totals.bytes_in)}."] if photos > 0 else []
    if totals.messages:
        lines.append(f"{count_of(totals.messages, 'message')} did not name a photo.")
    if totals.ignored:
        lines.append(f"{count_of(totals.ignored, 'file')} of the operating system, such as .DS_Store: ignored.")
    return lines


def _files(totals: Totals) -> str:
    if totals.unlisted.get(Outcome.PROCESSED):
        return ""  # the number of files is not known for results that are only counted
    return f", as {count_of(sum(len(result.outputs) for result in totals.results), 'file')}"


def _failures(totals: Totals) -> list[str]:
    if not totals.failed:
        return []
    groups = _failure_groups(totals)
    lines = ["WHAT FAILED", *_listing(groups, MAX_FAILURES_NAMED)]
    if unlisted := totals.failed - sum(group.count for group in groups):
        lines += ["", f"{count_of(unlisted, 'more failure')} did not fit into the reports of their batches."]
    return lines


def _waiting(totals: Totals) -> list[str]:
    retrying = _by_code(totals, lambda outcome: outcome is Outcome.RETRYING)
    groups = [_Group(code, _WHY_RETRYING.get(code, code.meaning), *found) for code, found in retrying]
    for _, found in _by_code(totals, lambda outcome: outcome is Outcome.DEFERRED):
        groups.append(_Group(Outcome.DEFERRED, _WHY_DEFERRED, *found))
    return ["TO BE TRIED AGAIN", *_listing(groups, MAX_WAITING_NAMED)] if groups else []


def _noted(totals: Totals) -> list[str]:
    noted = [result for result in totals.results if result.outcome is Outcome.PROCESSED and result.detail]
    if not noted:
        return []
    explanation = "Their renditions are complete; the originals are not quite as they should be."
    return ["READY, WITH A NOTE", "", explanation, *_names(_Group("", "", len(noted), noted), MAX_NOTES_NAMED)]


def _listing(groups: Sequence[_Group], max_names: int) -> list[str]:
    lines = []
    shares = fair_shares([len(group.results) for group in groups], max_names)
    for group, share in zip(groups, shares, strict=True):
        lines += ["", f"{group.label} ({group.count:,}): {group.explanation}", *_names(group, share)]
    return lines


def _footer(totals: Totals, reference: str) -> list[str]:
    lines = []
    if totals.unreadable:
        lines.append(f"{count_of(totals.unreadable, 'report')} could not be read, so photos are missing above.")
    if totals.batches > 1:
        lines.append(f"This sums up {count_of(totals.batches, 'batch')}.")
    if totals.repeated:
        reports = "The report of 1 batch" if totals.repeated == 1 else f"The reports of {totals.repeated:,} batches"
        lines.append(f"{reports} may have been in an earlier summary, whose run was cut off.")
    if totals.has_more:
        lines.append("More batches have reported; the next summary has them.")
    if reference:
        lines.append(f"To find this in the logs, search for {visible(reference, MAX_NAME_BYTES)}")
    return lines


def _names(group: _Group, share: int) -> list[str]:
    in_order = sorted(group.results, key=lambda result: (result.source.key if result.source else "", result.message_id))
    lines = [f"  - {_name(result)}" for result in in_order[:share]]
    if group.count > share:
        lines.append(f"  and {group.count - share:,} more")
    return lines


def _name(result: RecordResult) -> str:
    name = visible(result.source.key if result.source else f"message {result.message_id}", MAX_NAME_BYTES)
    return f"{name}: {visible(result.detail, MAX_DETAIL_BYTES)}" if result.detail else name


def _failure_groups(totals: Totals) -> list[_Group]:
    failed = _by_code(totals, lambda outcome: outcome.is_failure)
    return [_Group(code, f"{code.meaning}\nWhat to do: {code.what_to_do}", *found) for code, found in failed]


def _by_code(
    totals: Totals, is_meant: Callable[[Outcome], bool]
) -> list[tuple[FailureCode, tuple[int, list[RecordResult]]]]:
    """Count and collect results by failure code, the largest group first."""
    results: dict[FailureCode, list[RecordResult]] = defaultdict(list)
    counts: dict[FailureCode, int] = defaultdict(int)
    for result in totals.results:
        if is_meant(result.outcome):
            results[result.code or FailureCode.INTERNAL_ERROR].append(result)
            counts[result.code or FailureCode.INTERNAL_ERROR] += 1
    for (outcome, code), count in totals.unnamed.items():
        if count and is_meant(outcome):
            counts[code or FailureCode.INTERNAL_ERROR] += count
    return sorted(((code, (count, results[code])) for code, count in counts.items()), key=lambda g: (-g[1][0], g[0]))


def _size(number_bytes: int) -> str:
    return f" ({human_bytes(number_bytes)})" if number_bytes else ""


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
