"""Hostile keys and hostile photos through the function in a process of its own: `python -m ... RESULTS`.

Whatever the function logs comes out on stdout and stderr; what it sent to its topic and to the dead-letter queue is
written to a file.
"""

import json
import sys
from pathlib import Path

from handlers.admission import Pace
from handlers.worker_pool import WorkerPool
from handlers.worker_process import Worker
from tests.support.bad_decoder import asking_for
from tests.support.fake_aws import FakeCloud
from tests.support.photos import exif, jpeg
from tests.unit.handlers.conftest import ENVIRONMENT

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
    """A good photo, a broken one, one that is none, and one that crashes its decoder; all with words of their own."""
    good = jpeg(exif=exif(artist=PIXELS), trailing=PIXELS)
    return [good, good[: len(good) // 2] + PIXELS, PIXELS * 10, asking_for(b"CRASH", good)]


def main(results: Path) -> None:
    pace = Pace()
    pool = WorkerPool(1769, 10, pace, lambda limit: Worker(limit, "tests.support.bad_decoder"))
    cloud = FakeCloud(ENVIRONMENT, pool, pace)
    for number, key in enumerate(KEYS):
        cloud.upload(key, bodies()[number % 4])
    cloud.work_until_the_queue_is_empty()
    pool.stop()
    letters = [letter.attributes for letter in cloud.sqs.dead_letters]
    results.write_text(json.dumps({"digests": cloud.sns.published, "letters": letters}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
