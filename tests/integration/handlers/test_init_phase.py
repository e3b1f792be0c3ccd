"""Work that a cold start must leave out."""

import os
import subprocess
import sys

from tests.support.function_settings import ENVIRONMENT

IMAGE_LIBRARIES = ("pyvips", "_libvips", "PIL", "numpy")
TRANSFERS = ("boto3", "s3transfer")
PROGRAM = f"""
import gc, sys
import handlers.process_images as function
function.services.workers.stop()
def loaded(names):
    return ",".join(name for name in names if name in sys.modules)
frozen = gc.get_freeze_count()
gc.unfreeze()
from botocore.client import BaseClient
clients = [thing for thing in gc.get_objects() if isinstance(thing, BaseClient)]
failure_clients = sum(client.meta.service_model.service_name == "sqs" for client in clients)
print(loaded({IMAGE_LIBRARIES}), loaded({TRANSFERS}), failure_clients, gc.isenabled(), frozen > 10_000)
"""


def after_init() -> list[str]:
    environment = {"PATH": os.environ["PATH"], **ENVIRONMENT, "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=120
    ).stdout.split(" ")


def test_the_function_itself_never_loads_an_image_library_for_that_is_its_workers_work() -> None:
    assert after_init()[0] == ""


def test_the_function_itself_never_loads_what_it_does_not_use_of_the_sdk() -> None:
    assert after_init()[1] == ""


def test_a_client_for_failures_is_not_made_before_there_is_one() -> None:
    assert after_init()[2] == "0"


def test_after_the_init_phase_garbage_is_collected_again_and_what_was_imported_is_left_alone() -> None:
    assert [word.strip() for word in after_init()[3:]] == ["True", "True"]
