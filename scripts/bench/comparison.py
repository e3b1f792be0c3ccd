"""Compare the peers' processor time and memory, photo by photo, and their renditions with a reference.

The peers take turns (A B A B), so that disturbances of the machine affect all of them alike.
"""

import io
import itertools
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms
from skimage.metrics import structural_similarity

from processing.images.geometry import fit
from processing.output_formats import AVIF, WEBP
from processing.renditions import Rendition
from scripts.bench.measurements import Usage, paired_ratio, peak_bytes, resident_bytes, say, spread
from scripts.bench.peer import (
    DARKROOM,
    FLOOR,
    OUTPUT_RENDITIONS,
    PEERS,
    PILLOW,
    RENDITIONS,
    Peer,
    PeerJob,
    PeerProcess,
    darkroom,
    list_output_peers,
    list_peers,
    measure_peak,
    start_peer,
)
from scripts.bench.photos import CAMERA_JPEGS, HEIC, LARGE_PHOTOS, OTHER_FORMATS, TWELVE_MP, TWO_MP, BenchPhoto
from scripts.cli.errors import OperatorError

ROUNDS = 9  # counted turns of each peer; one more comes first, to warm up
# Photos that a peer renders in its turn: a service renders many in a row, with the processor's caches to itself, and
# the kernel counts processor time in steps of 10 ms.
BURST = 3
# Renders in one worker, to measure the growth of its memory: 56 rounds, so that both halves end with the same photo.
_MANY = 504
_OUTPUT_NAMES = {WEBP: "WebP", AVIF: "AVIF"}
_numbers = itertools.count()


def measure_versus(folder: Path, *, quick: bool, only: str = "") -> dict[str, Any]:
    """Compare all peers; return the part `versus`, or its rows whose names contain `only`."""
    photos, rounds = ((TWO_MP,), 1) if quick else ((*CAMERA_JPEGS, *OTHER_FORMATS), ROUNDS)
    chosen, written = [photo for photo in photos if only in photo.name], TWO_MP if quick else TWELVE_MP
    peers = list_peers()
    scores = compare_peers(peers, chosen, folder, rounds=rounds)
    titles = {photo.name: photo.title for photo in chosen}
    for output_format in OUTPUT_RENDITIONS:
        if only in (name := f"to-{output_format}"):
            found = compare_peers(list_output_peers(output_format), [written], folder, rounds=rounds)
            scores += [score | {"photo": name} for score in found]
            titles[name] = f"{written.title} to {_OUTPUT_NAMES[output_format]}, 600 and 300 pixels"
    if not titles:
        raise OperatorError(f"No row has {only!r} in its name; the rows are those of docs/benchmarks.json.")
    return {
        "rounds": rounds,
        "titles": {peer.name: peer.title for peer in peers},
        "photos": titles,
        "scores": scores,
        "sharp_heic": None if quick else ask_sharp_for_heic(),
    }


def ask_sharp_for_heic() -> Any:
    """Return which suffixes of HEIF sharp lists, and what it says of a HEIC."""
    command = ["node", str(PEERS / "sharp_heic.mjs"), str(HEIC.path())]
    return json.loads(subprocess.check_output(command, cwd=PEERS, text=True))


def replace_rows(part: dict[str, Any], rows: dict[str, Any], measured: str) -> dict[str, Any]:
    """Return the part with other rows for some photos, in the order of a whole run; it says which and when."""
    later = {name: {"rounds": rows["rounds"], "measured": measured} for name in rows["photos"]}
    return part | {
        "photos": part["photos"] | rows["photos"],
        "scores": [score for score in part["scores"] if score["photo"] not in later] + rows["scores"],
        "sharp_heic": rows["sharp_heic"],
        "later": part.get("later", {}) | later,
    }


def compare_peers(
    peers: Sequence[Peer], photos: Sequence[BenchPhoto], folder: Path, *, rounds: int
) -> list[dict[str, Any]]:
    """Measure every peer with every photo that it can read, Darkroom first."""
    scores = []
    with ExitStack() as stack:
        running = [stack.enter_context(start_peer(peer, folder)) for peer in peers]
        for photo in photos:
            source = photo.path()
            say(f"{photo.title} ...")
            reference = folder if photo.is_cmyk else make_reference(source, folder / "reference" / photo.name)
            jobs, usages = {}, defaultdict[PeerProcess, list[Usage]](list)
            for process in running:
                if can_read(process.peer, photo):
                    into = folder / "out" / process.peer.name
                    into.mkdir(parents=True, exist_ok=True)
                    jobs[process] = PeerJob(source, into, reference)
            for turn, (process, job) in itertools.product(range(rounds + 1), jobs.items()):
                usage = _render_burst(process, job)
                usages[process] += [usage] if turn else []
            own = usages[running[0]]
            scores += [_score(process.peer, photo, job, usages[process], own, folder) for process, job in jobs.items()]
    return scores


def can_read(peer: Peer, photo: BenchPhoto) -> bool:
    """Return whether a peer reads a photo's format, as it is installed from its registry."""
    if peer.name == FLOOR:
        return photo.name.endswith(".jpg") and not photo.is_cmyk
    return not photo.is_heic or peer.name in (DARKROOM, PILLOW)


def _render_burst(process: PeerProcess, job: PeerJob) -> Usage:
    """Render several photos in a row; return the mean usage."""
    usages = []
    for _ in range(BURST):
        # A name of its own for each, because libvips caches by file name.
        name = job.into.parent / f"{next(_numbers)}-{job.source.name}"
        name.symlink_to(job.source)
        usages.append(process.render(job._replace(source=name)))
    return Usage(*(sum(values) / BURST for values in zip(*usages, strict=True)))


def _score(
    peer: Peer, photo: BenchPhoto, job: PeerJob, usages: Sequence[Usage], own: Sequence[Usage], logs: Path
) -> dict[str, Any]:
    cpu_seconds = [usage.cpu_seconds for usage in usages]
    return {
        "peer": peer.name,
        "photo": photo.name,
        "cpu_ms": spread([1000 * seconds for seconds in cpu_seconds]),
        "wall_ms": spread([1000 * usage.wall_seconds for usage in usages]),
        "cpu_to_darkroom": paired_ratio(cpu_seconds, [usage.cpu_seconds for usage in own]),
        "peak_bytes": measure_peak(peer, job, logs),
        "output_bytes": sum((job.into / rendition.file_name).stat().st_size for rendition in peer.renditions),
        "likeness": None if photo.is_cmyk else compare_with_reference(job.into, job.reference, peer.renditions),
    }


def measure_memory(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Measure peaks and growth; return the part `memory` of the results."""
    peers = [peer for peer in list_peers() if peer.name != FLOOR]
    photos = (TWO_MP,) if quick else (TWELVE_MP, *LARGE_PHOTOS)
    many = (TWO_MP,) if quick else (*CAMERA_JPEGS[:3], *OTHER_FORMATS)
    idle = Peer("idle-python", "Python", (sys.executable, "-c", "print('ready', flush=True); input()"), environment={})
    with start_peer(idle, folder) as running:
        interpreter_bytes = peak_bytes(running.process.pid)
    peaks = []
    for photo, peer in itertools.product(photos, peers):
        whole_bytes = measure_peak(peer, PeerJob(photo.path(), folder, folder), folder)
        say(f"{photo.title}, {peer.title}: {whole_bytes / 1e6:.0f} MB")
        peaks.append({"peer": peer.name, "photo": photo.name, "whole_bytes": whole_bytes})
    return {
        "titles": {peer.name: peer.title for peer in peers},
        "photos": {photo.name: photo.title for photo in photos},
        "interpreter_bytes": interpreter_bytes,
        "peaks": peaks,
        "growth": _measure_growth([photo.path() for photo in many], 6 if quick else _MANY, folder),
    }


def _measure_growth(files: Sequence[Path], count: int, folder: Path) -> dict[str, Any]:
    """Render `count` photos in one worker; return its memory halfway and finally."""
    half_bytes = 0
    with start_peer(darkroom(), folder) as worker:
        for number, file in enumerate(itertools.islice(itertools.cycle(files), count), start=1):
            worker.render(PeerJob(file, folder, folder))
            if number == count // 2:
                half_bytes = resident_bytes(worker.process.pid)
            if number % max(1, count // 10) == 0:
                say(f"{number} of {count} photos, {resident_bytes(worker.process.pid) / 1e6:.0f} MB")
        return {"photos": count, "half_bytes": half_bytes, "end_bytes": resident_bytes(worker.process.pid)}


def make_reference(source: Path, folder: Path) -> Path:
    """Decode all pixels, resize once by Lanczos, save `{name}.ppm` in the folder; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    photo = _decode(source)
    for rendition in RENDITIONS:
        small = photo.resize(fit(photo.size, rendition.box), Image.Resampling.LANCZOS)
        if profile := photo.info.get("icc_profile"):
            profiles = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            ImageCms.profileToProfile(small, *profiles, inPlace=True)
        small.save(folder / f"{rendition.name}.ppm")
    return folder


def compare_with_reference(into: Path, reference: Path, renditions: Sequence[Rendition] = RENDITIONS) -> list[float]:
    """Return the SSIM of each rendition's luminance with its reference."""
    pairs = ((into / rendition.file_name, reference / f"{rendition.name}.ppm") for rendition in renditions)
    luminances = ([np.asarray(_decode(path).convert("L")) for path in pair] for pair in pairs)
    return [float(structural_similarity(*pair)) for pair in luminances]  # type: ignore[no-untyped-call]


def _decode(path: Path) -> Image.Image:
    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # photos of this benchmark have up to 100 megapixels
    with Image.open(path) as image:
        image.load()
        return image
