from pathlib import Path

import pytest

from scripts.cli.errors import OperatorError
from scripts.sending.journal import Journal, JournalEntry, open_journal


def test_what_was_recorded_is_there_for_the_next_run(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.record([JournalEntry("a", "sending"), JournalEntry("b", "sending", {"key": "ü\n"})])
        journal.record([JournalEntry("b", "sent", {"key": "ü\n", "new_id": "7"})])
    with Journal(tmp_path / "j") as journal:
        found = journal.find(["a", "b", "c"])
        assert {item: entry.step for item, entry in found.items()} == {"a": "sending", "b": "sent"}
        assert found["b"].document == {"key": "ü\n", "new_id": "7"}
        assert journal.counts() == {"sending": 1, "sent": 1}
        assert [entry.item for entry in journal.at_step("sent")] == ["b"]


def test_what_is_forgotten_is_as_if_it_had_never_been(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.record(JournalEntry(item, "sent") for item in "abc")
        journal.forget(["a", "c", "never there"])
    with Journal(tmp_path / "j") as journal:
        assert [entry.item for entry in journal.at_step("sent")] == ["b"]


def test_many_items_are_found_at_once(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.record(JournalEntry(str(number), "sent") for number in range(2000))
        assert len(journal.find(map(str, range(5000)))) == 2000


def test_a_second_run_is_refused_while_the_first_goes_on(tmp_path: Path) -> None:
    with Journal(tmp_path / "j"), pytest.raises(OperatorError, match="another run is using the journal"):
        Journal(tmp_path / "j")


def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text("these are my holiday plans\n" * 50)
    with pytest.raises(OperatorError, match="cannot be used"):
        Journal(path)
    assert path.read_text().startswith("these are my holiday plans")


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with Journal(tmp_path / "folder" / "j"):
        assert (tmp_path / "folder" / "j").stat().st_mode & 0o077 == 0


def test_a_dry_run_makes_no_journal_but_reads_the_one_that_is_there(tmp_path: Path) -> None:
    with open_journal(tmp_path / "j", execute=False) as journal:
        assert journal is None
    assert not (tmp_path / "j").exists()
    with open_journal(tmp_path / "j", execute=True) as journal:
        assert journal is not None
        journal.record([JournalEntry("a", "sent")])
    with open_journal(tmp_path / "j", execute=False) as journal:
        assert journal is not None
        assert journal.counts() == {"sent": 1}
