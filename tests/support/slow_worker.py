"""A worker that takes a second to start: `python -m tests.support.slow_worker SETTINGS`."""

import sys
import time

from processing.worker.__main__ import main

if __name__ == "__main__":
    time.sleep(1)
    main(sys.argv[1])
