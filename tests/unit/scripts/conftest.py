import os
from pathlib import Path

import pytest


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of this name may not be read, whoever runs the tests."""
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
