"""A worker that takes a second to start: `python -m tests.slow_starter`."""

import sys
import time

import processing.worker

if __name__ == "__main__":
    time.sleep(1)
    processing.worker.main(sys.argv[1:])
