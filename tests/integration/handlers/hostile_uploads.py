"""Hostile keys and hostile photos through the function in a process of its own: `python -m ... RESULTS`.

Whatever the function logs comes out on stdout and stderr; what it sent to its topic and to the dead-letter queue is
written to a file.
"""

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from handlers.worker_pool import WorkerPool
from handlers.worker_process import Worker
from tests.support.bad_decoder import asking_for
from tests.support.fake_aws import FakeCloud
from tests.support.photos import exif, jpeg

PIXELS = b"SENTINEL-PIXELS-7f3a"
KEYS = [
    'line\nbreak: {"level":"INFO","message":"forged"}.jpg',
    "carriage\r\nSubject: forged.jpg",
    "../../../etc/passwd",
    "/absolute/path.jpg",
    "$(touch owned) `id` ; rm -rf ~ && 'quoted' \"twice\".jpg",
    "<script>alert(1)</script>.jpg",
    "\x1b[2J\x1b]0;owned\x07.jpg",
    "\u202egpj.exe",
    "nul\0byte.jpg",
    "%0d%0aSet-Cookie: a=b.jpg",
    "{0.__class__} %s %n ${jndi:ldap://x}.jpg",
    "x" * 900 + ".jpg",
]


def bodies() -> list[bytes]:
    """Return a good photo, a truncated one, a text, and one that crashes its decoder; all contain `PIXELS`."""
    good = jpeg(exif=exif(artist=PIXELS), trailing=PIXELS)
    return [good, good[: len(good) // 2] + PIXELS, PIXELS * 10, asking_for(b"CRASH", good)]


def main(results: Path) -> None:
    cloud = FakeCloud(
        lambda settings: WorkerPool(
            replace(settings, photo_timeout_seconds=10), partial(Worker, module="tests.support.bad_decoder")
        )
    )
    for number, key in enumerate(KEYS):
        cloud.upload(key, bodies()[number % 4])
    cloud.work_until_the_queue_is_empty()
    cloud.services.workers.stop()
    letters = [letter.attributes for letter in cloud.sqs.dead_letters]
    results.write_text(json.dumps({"digests": cloud.sns.published, "letters": letters}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
