"""Results in the form that the benchmark writes, for tests."""

from typing import Any


def spread(median: float) -> dict[str, float]:
    return {"median": median, "low": median * 0.9, "high": median * 1.1}


def score(peer: str, ratio: float, photo: str = "12mp.jpg", likeness: float = 0.95) -> dict[str, Any]:
    return {
        "peer": peer,
        "photo": photo,
        "cpu_ms": spread(60 * ratio),
        "wall_ms": spread(70 * ratio),
        "cpu_to_darkroom": spread(ratio),
        "peak_bytes": 50_000_000,
        "output_bytes": 300_000,
        "likeness": [likeness, likeness, likeness],
    }


def versus(*scores: dict[str, Any]) -> dict[str, Any]:
    photos = {score["photo"]: f"photo {score['photo']}" for score in scores}
    titles = {"darkroom": "Darkroom", "floor": "floor", "sharp-clone": "sharp <clone>", "pillow": "Pillow"}
    return {"titles": titles, "photos": photos, "scores": list(scores)}


def batch(ratio: float, vcpus: int = 1) -> dict[str, Any]:
    one = {
        "vcpus": vcpus,
        "photos": 10,
        "cpu_ms": spread(100),
        "wall_ms": spread(100 * ratio),
        "wall_to_cpu": spread(ratio),
    }
    return {"photo": "12 MP JPEG", "scores": [one]}


def memory(over_mb: float, half_mb: float = 100, end_mb: float = 100) -> dict[str, Any]:
    peak = {
        "peer": "darkroom",
        "photo": "100mp.jpg",
        "whole_bytes": (over_mb + 10) * 1e6,
    }
    return {
        "titles": {"darkroom": "Darkroom"},
        "photos": {"100mp.jpg": "100 MP JPEG"},
        "interpreter_bytes": 10e6,
        "peaks": [peak],
        "growth": {"photos": 500, "half_bytes": half_mb * 1e6, "end_bytes": end_mb * 1e6},
    }


def measured(part: dict[str, Any]) -> dict[str, Any]:
    return part | {"measured": "2026-11-23", "machine": {"processor": "a processor"}}
