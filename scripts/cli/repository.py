"""The root folder of this repository's checkout."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
