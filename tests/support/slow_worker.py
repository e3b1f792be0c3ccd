"""A worker that takes a second to start: `python -m tests.support.slow_worker SETTINGS`."""

import sys
import time

import processing.worker.__main__

if __name__ == "__main__":
    time.sleep(1)
    processing.worker.__main__.main(sys.argv[1])
