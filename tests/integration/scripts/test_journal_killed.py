import signal
import subprocess
import sys
from pathlib import Path

from scripts.cli.repository import REPOSITORY
from scripts.sending.journal import Journal


def test_a_kill_while_entries_are_recorded_leaves_those_before_and_no_lock(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from scripts.sending.journal import JournalEntry, Journal\n"
        "journal = Journal(Path(sys.argv[1])); journal.record([JournalEntry('a', 'sent')])\n"
        "def entries():\n"
        "    yield JournalEntry('b', 'sent')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "journal.record(entries())\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path / "j")], cwd=REPOSITORY, check=False)
    assert killed.returncode == -signal.SIGKILL
    with Journal(tmp_path / "j") as journal:
        assert journal.counts() == {"sent": 1}
