"""A worker that cannot enter its sandbox: `python -m tests.support.unconfined_worker SETTINGS`."""

import sys

from processing.worker.__main__ import main

if __name__ == "__main__":
    main(sys.argv[1], confine=lambda _: {"core": True, "fsize": True, "nofile": False})
