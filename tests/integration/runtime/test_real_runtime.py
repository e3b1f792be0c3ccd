"""The packaged function and layer under AWS's runtime emulator and runtime client."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import pytest
from PIL import Image

from scripts.aws.local_endpoint import client_environment, make_local_client
from scripts.bench.lambda_emulator import Emulator, Package, emulated, find_obstacle, unpack
from scripts.local_stack.stack import LocalAws, local_aws
from tests.integration.runtime.exploited_package import take_over
from tests.integration.runtime.gate import Gate
from tests.integration.template.packaged import Template
from tests.support.events import s3_body, sqs_record
from tests.support.exploits import SECRET, Target, attack_photo
from tests.support.photos import jpeg, not_an_image

OUTPUTS = {"large.jpg", "medium.jpg", "small.jpg", "document.pdf"}
GOOD, BAD = jpeg((1200, 900)), not_an_image()

pytestmark = pytest.mark.skipif(bool(find_obstacle()), reason=find_obstacle() or "it can run")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return unpack(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """Start a local AWS with nothing deployed, so that no function takes the messages."""
    with local_aws() as aws:
        yield aws


@dataclass(frozen=True)
class Surroundings:
    """The resources that a function needs.

    Attributes:
        aws: the local AWS that has them.
        names: physical names by the logical ids of the template.
    """

    aws: LocalAws
    names: Mapping[str, str]

    @classmethod
    def make(cls, aws: LocalAws) -> "Surroundings":
        """Create buckets, queues and a topic with unique names."""
        mark = uuid4().hex[:8]
        s3, sqs, sns = (make_local_client(service, aws.endpoint_url) for service in ("s3", "sqs", "sns"))
        for bucket in (f"input-{mark}", f"output-{mark}"):
            s3.create_bucket(Bucket=bucket)
        queues = {name: sqs.create_queue(QueueName=f"{name}-{mark}")["QueueUrl"] for name in ("photos", "dead-letters")}
        names = {
            "InputBucket": f"input-{mark}",
            "OutputBucket": f"output-{mark}",
            "PhotoQueue": queues["photos"],
            "DeadLetterQueue": queues["dead-letters"],
            "DigestTopic": sns.create_topic(Name=f"digests-{mark}")["TopicArn"],
        }
        return cls(aws, names)

    def variables(self, template: Template, endpoint_url: str = "") -> dict[str, str]:
        """Return the packaged environment, pointed at the local AWS."""
        packaged = template["ProcessLambdaFunction"]["Environment"]["Variables"]
        resolved = {
            name: self.names[value["Ref"]] if isinstance(value, dict) else value for name, value in packaged.items()
        }
        return resolved | client_environment(endpoint_url or self.aws.endpoint_url)

    def upload(self, photos: Mapping[str, bytes]) -> dict[str, Any]:
        """Upload photos; return the Lambda event with their S3 records."""
        s3, bucket = make_local_client("s3", self.aws.endpoint_url), self.names["InputBucket"]
        etags = {key: s3.put_object(Bucket=bucket, Key=key, Body=body)["ETag"] for key, body in photos.items()}
        return {
            "Records": [
                sqs_record(s3_body(key, bucket=bucket, size=len(photos[key]), etag=etag.strip('"')), message_id=key)
                for key, etag in etags.items()
            ]
        }

    def outputs(self) -> set[str]:
        listed = make_local_client("s3", self.aws.endpoint_url).list_objects_v2(Bucket=self.names["OutputBucket"])
        return {entry["Key"] for entry in listed.get("Contents", [])}

    def dead_letters(self, attribute: str = "failure-code") -> dict[str, str]:
        """Return an attribute of each dead letter by source key."""
        letters = make_local_client("sqs", self.aws.endpoint_url).receive_message(
            QueueUrl=self.names["DeadLetterQueue"], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        attributes = [letter["MessageAttributes"] for letter in letters.get("Messages", [])]
        return {a["source-key"]["StringValue"]: a[attribute]["StringValue"] for a in attributes}


@pytest.fixture
def surroundings(aws: LocalAws) -> Surroundings:
    return Surroundings.make(aws)


def outputs_of(*keys: str) -> set[str]:
    return {f"{key}/{name}" for key in keys for name in OUTPUTS}


def failed(answer: str) -> set[str]:
    """Return the message ids in a partial batch response."""
    payload = json.loads(answer)
    assert set(payload) == {"batchItemFailures"}, payload
    return {failure["itemIdentifier"] for failure in payload["batchItemFailures"]}


def run_batch(emulator: Emulator, surroundings: Surroundings, photos: Mapping[str, bytes]) -> tuple[set[str], float]:
    answer = emulator.invoke(surroundings.upload(photos))
    return failed(answer.text), answer.seconds


def test_cold_warm_and_a_batch_with_a_bad_photo(
    package: Package,
    surroundings: Surroundings,
    template: Template,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with emulated(package, surroundings.variables(template), timeout_seconds=60, log=tmp_path / "log") as emulator:
        unfinished, cold_seconds = run_batch(emulator, surroundings, {"cold": GOOD})
        assert unfinished == set()
        unfinished, warm_seconds = run_batch(emulator, surroundings, {"warm": GOOD})
        assert unfinished == set()
        unfinished, _ = run_batch(emulator, surroundings, {"a": GOOD, "bad": BAD, "b": GOOD})
        assert unfinished == set()
        reports = [line for line in emulator.log.read_text().splitlines() if line.startswith("REPORT")]
    assert surroundings.outputs() == outputs_of("cold", "warm", "a", "b")
    assert surroundings.dead_letters() == {"bad": "unsupported-format"}
    assert len(reports) == 3
    with capsys.disabled():
        sys.stdout.write(
            f"\nLambda's runtime, zips for {package.target}: a cold start takes {cold_seconds - warm_seconds:.2f} s "
            f"(one photo: cold {cold_seconds:.2f} s, warm {warm_seconds:.2f} s)\n"
        )


def test_when_the_time_limit_comes_near_what_is_not_done_is_given_back_and_nothing_is_lost(
    package: Package, surroundings: Surroundings, template: Template, tmp_path: Path
) -> None:
    limit_seconds = 12  # of which the function keeps most to settle the batch
    slow = jpeg(image=Image.new("RGB", (6000, 4000)), progressive=True)
    photos = {"a": GOOD, "b": GOOD} | dict.fromkeys((f"slow {number}" for number in range(100)), slow)
    variables = surroundings.variables(template)
    with emulated(package, variables, timeout_seconds=limit_seconds, log=tmp_path / "log") as emulator:
        run_batch(emulator, surroundings, {"warm": GOOD})
        unfinished, seconds = run_batch(emulator, surroundings, photos)
    done = set(photos) - unfinished
    assert seconds < limit_seconds
    assert done
    assert unfinished
    assert outputs_of(*done) <= surroundings.outputs()


def test_a_function_that_hangs_is_ended_at_its_limit_and_the_next_invocation_starts_afresh(
    package: Package, surroundings: Surroundings, template: Template, tmp_path: Path
) -> None:
    event = surroundings.upload({"photo": GOOD})
    port = urlsplit(surroundings.aws.endpoint_url).port
    assert port is not None
    with closing(Gate(port)) as gate:
        variables = surroundings.variables(template, gate.url)
        with emulated(package, variables, timeout_seconds=4, log=tmp_path / "log") as emulator:
            hanging = emulator.invoke(event)
            gate.open()
            healed = emulator.invoke(event)
    assert hanging.text == "Task timed out after 4.00 seconds"
    assert failed(healed.text) == {"photo"}  # too short a limit for a photo: the message is reported as failed


def test_without_its_sandbox_an_exploited_decoder_reaches_the_runtime_api(
    package: Package, surroundings: Surroundings, template: Template, tmp_path: Path
) -> None:
    exploited = take_over(package, tmp_path, in_sandbox=False)
    with emulated(exploited, surroundings.variables(template), timeout_seconds=60, log=tmp_path / "log") as emulator:
        run_batch(emulator, surroundings, {"warm": GOOD})
        target = Target(runtime_api_port=runtime_api_port(emulator))
        run_batch(emulator, surroundings, {"evil": attack_photo(GOOD, "answer runtime api", target)})
    assert surroundings.dead_letters("failure-detail") == {"evil": "succeeded"}


def test_an_exploited_decoder_cannot_answer_the_batch_nor_read_the_functions_secrets(
    package: Package, surroundings: Surroundings, template: Template, tmp_path: Path
) -> None:
    exploited = take_over(package, tmp_path)
    variables = surroundings.variables(template) | {"PLANTED": SECRET.decode()}
    with emulated(exploited, variables, timeout_seconds=60, log=tmp_path / "log") as emulator:
        run_batch(emulator, surroundings, {"warm": GOOD})
        target = Target(runtime_api_port=runtime_api_port(emulator))
        attacks = {
            name: attack_photo(GOOD, name, target) for name in ("answer runtime api", "read parents environment")
        }
        unfinished, _ = run_batch(emulator, surroundings, {"a": GOOD, **attacks, "b": GOOD})
    assert unfinished == set()
    assert surroundings.outputs() == outputs_of("warm", "a", "b")
    details = surroundings.dead_letters("failure-detail")
    assert set(details) == set(attacks)
    assert all(detail.startswith("refused: ") for detail in details.values()), details


def runtime_api_port(emulator: Emulator) -> int:
    """Return the port on which the emulator serves Lambda's runtime API."""
    (program,) = psutil.Process(emulator.pid).children()
    address = program.cmdline()[program.cmdline().index("--runtime-api-address") + 1]
    return int(address.rpartition(":")[2])
