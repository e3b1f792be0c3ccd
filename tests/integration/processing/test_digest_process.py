"""The digest in processes of its own."""

import subprocess
import sys


def test_the_digest_does_not_depend_on_the_hash_seed() -> None:
    program = """if True:
        from processing.digest.message import *; from processing.failures import *; from processing.outcomes import *
        failed = [RecordResult(message_id=str(i), source=SourceObject(bucket="b", key=f"{i}.jpg"), code=code,
                               outcome=Outcome.EXHAUSTED) for i in range(30) for code in FailureCode]
        print(ascii(summarise("prod", "r", tuple(failed))))
    """

    def digest_with(seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout

    assert digest_with("1") == digest_with("2") != ""
