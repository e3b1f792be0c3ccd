"""Rules for a resolved serverless.yml and the --param options: mistakes that AWS reports too late or never."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import permutations
from typing import Any

from processing.settings import OUTPUT_VARIABLES, read_render_settings
from scripts.packaging.resolved_config import (
    bucket_names,
    build_target,
    event_source,
    function_environment,
    photo_queue,
    process_function,
    resolve_name,
)

# A rule takes the resolved serverless.yml and yields its mistakes.
Rule = Callable[[Mapping[str, Any]], Iterator[str]]

MAX_STAGE_CHARACTERS = 20  # the longest bucket name then has S3's 63
# Amazon SQS Developer Guide, "Visibility timeout": at most 12 hours.
MAX_VISIBILITY_SECONDS = 43_200
# AWS Lambda Developer Guide, "Creating and configuring an Amazon SQS event source mapping".
VISIBILITY_FACTOR = 6
LEAST_RECEIVE_COUNT = 5
SOURCES_ON_DISK = 3  # one in work, two ahead
# AWS Lambda quotas, "Function timeout".
MAX_LAMBDA_SECONDS = 900
LEAST_ROLL_UP_SECONDS = 30
AVIF_SHARE = 0.5  # of photoTimeoutSeconds; the rest is for decoding, and for photos that take longer than most
LEAST_EXPIRY_DAYS = 15  # longer than the DLQ's retention period
ANY_ACCOUNT = "0" * 12  # in place of an account that is not known yet: all have 12 digits
SAME_BUCKET = "inputBucket and outputBucket are the same: every output would be processed again, without end"


def find_mistakes(config: Mapping[str, Any], *, on_local_stack: bool = False) -> list[str]:
    """List every mistake in a resolved serverless.yml, one sentence each.

    Args:
        config: the output of `osls print --format json`.
        on_local_stack: deployed to a local stack, which runs the functions with its own Python on this machine.
    """
    mistakes: list[str] = []
    for rule in _RULES:
        try:
            mistakes += rule(config)
        except ValueError as error:
            mistakes.append(str(error))
    mistakes += _built_for(config, on_local_stack=on_local_stack)
    return list(dict.fromkeys(mistakes))


def find_parameter_mistakes(given: Sequence[str], known: Collection[str]) -> list[str]:
    """List mistakes in the --param options; the Serverless CLI ignores an unknown one and deploys the default.

    Args:
        given: as typed, such as `concurrency=7`.
        known: the names at the top of serverless.yml.
    """
    names = [parameter.partition("=")[0] for parameter in given]
    mistakes = [f"--param={parameter}: it must be name=value" for parameter in given if "=" not in parameter]
    mistakes += [_unknown_parameter(name, known) for name in names if name not in known]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [*mistakes, *(f"--param={name}=... is given twice" for name in twice)]


def find_stage_mistake(stage: str) -> str:
    """Say why a stage cannot have this name; empty if it can."""
    if re.fullmatch(r"[a-z][a-z0-9-]*", stage) and len(stage) <= MAX_STAGE_CHARACTERS:
        return ""
    return (
        f"the stage {stage!r} becomes part of bucket names: at most {MAX_STAGE_CHARACTERS} "
        "lower-case letters, digits and hyphens, a letter first"
    )


def find_concurrency_mistake(config: Mapping[str, Any], limit: int | None) -> str:
    """Say why the account cannot run the stage's concurrency; empty if it can or the limit is not known.

    Args:
        config: the output of `osls print --format json`.
        limit: UnreservedConcurrentExecutions of lambda:GetAccountSettings; one of them is left to the roll-up.
    """
    concurrency = _number("concurrency", event_source(config)["maximumConcurrency"])
    if limit is None or concurrency < limit:
        return ""
    return (
        f"concurrency is {concurrency}, but this account runs at most {limit} invocations at once: set concurrency to "
        f"{max(limit - 1, 2)} or less, or ask AWS for more (Service Quotas, Lambda, Concurrent executions)"
    )


def _stage(config: Mapping[str, Any]) -> Iterator[str]:
    mistake = find_stage_mistake(config["resources"]["Parameters"]["Stage"]["Default"])
    if mistake:
        yield mistake


def _buckets(config: Mapping[str, Any]) -> Iterator[str]:
    names = [resolve_name(name, ANY_ACCOUNT, config["provider"]["region"]) for name in bucket_names(config)]
    if len(set(names)) == 1:
        yield SAME_BUCKET
    for parameter, name in zip(("inputBucket", "outputBucket"), names, strict=True):
        # S3 allows dots, but its TLS certificates do not match such names.
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name):
            yield f"{parameter}: {name!r} is not a valid bucket name: 3 to 63 lower-case letters, digits and hyphens"


def _existing_buckets(config: Mapping[str, Any]) -> Iterator[str]:
    parameters = config["resources"]["Parameters"]
    for name in ("CreateInputBucket", "CreateOutputBucket"):
        value = parameters[name]["Default"]
        if value not in ("true", "false"):
            yield f"{name[0].lower()}{name[1:]} is {value!r}: it must be true or false"
    key = parameters["KmsKeyArn"]["Default"]
    if key and not re.fullmatch(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+", key):
        yield f"kmsKeyArn: {key!r} is not the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID; no alias)"


def _originals(config: Mapping[str, Any]) -> Iterator[str]:
    parameters = config["resources"]["Metadata"]["Parameters"]
    value = str(parameters["originals"])
    chosen = re.fullmatch(r"(glacier|expire)-after-([1-9][0-9]{0,3})-days", value)
    if value == "keep":
        return
    if not chosen:
        yield f"originals is {value!r}: it must be keep, glacier-after-30-days or expire-after-30-days (any number)"
        return
    if config["resources"]["Parameters"]["CreateInputBucket"]["Default"] != "true":
        yield f"originals is {value!r}, but the input bucket exists already: add the lifecycle rule to it yourself"
    if chosen[1] == "expire" and int(chosen[2]) < LEAST_EXPIRY_DAYS:
        yield (
            f"originals is {value!r}: a dead letter is kept for 14 days, and its photo must exist as long: at least "
            f"{LEAST_EXPIRY_DAYS} days"
        )
    if chosen[1] == "expire" and parameters["keySuffixes"]:
        yield "originals: S3's lifecycle rules know no suffix: files that keySuffixes leaves out would be deleted, too"


def _key_filter(config: Mapping[str, Any]) -> Iterator[str]:
    parameters = config["resources"]["Metadata"]["Parameters"]
    prefix, suffixes = (str(parameters[name]) for name in ("keyPrefix", "keySuffixes"))
    if "*" in prefix + suffixes:
        yield "keyPrefix and keySuffixes are text, no patterns: leave out the *"
    listed = [suffix.strip() for suffix in suffixes.split(",")]
    if suffixes and not all(listed):
        yield f"keySuffixes: {suffixes!r} has an empty entry"
    for one, other in permutations(filter(None, listed), 2):
        if one.endswith(other):
            yield f"keySuffixes: {one!r} ends in {other!r}: S3 refuses notifications that overlap; leave one out"


def _timeouts(config: Mapping[str, Any]) -> Iterator[str]:
    timeout = _number("timeoutSeconds", process_function(config)["timeout"])
    window = _number("windowSeconds", event_source(config)["maximumBatchingWindow"])
    visibility = _number("visibilitySeconds", photo_queue(config)["VisibilityTimeout"])
    least = VISIBILITY_FACTOR * timeout + window
    if visibility < least:
        yield (
            f"visibilitySeconds is {visibility}, but {VISIBILITY_FACTOR} x timeoutSeconds + windowSeconds is {least}: "
            "photos would be processed twice"
        )
    if visibility > MAX_VISIBILITY_SECONDS:
        yield f"visibilitySeconds is {visibility}, more than the {MAX_VISIBILITY_SECONDS} that SQS allows"
    photo_timeout = _number("photoTimeoutSeconds", function_environment(config)["PHOTO_TIMEOUT_SECONDS"])
    if 2 * photo_timeout >= timeout:
        yield (
            f"photoTimeoutSeconds is {photo_timeout}: a photo that takes too long is tried twice, which does not fit "
            f"into timeoutSeconds, {timeout}"
        )


def _retries(config: Mapping[str, Any]) -> Iterator[str]:
    base = _number("retryBaseSeconds", function_environment(config)["RETRY_BASE_SECONDS"])
    longest = _number("retryMaxSeconds", function_environment(config)["RETRY_MAX_SECONDS"])
    if not 1 <= base <= longest <= MAX_VISIBILITY_SECONDS:
        yield (
            f"retryBaseSeconds is {base} and retryMaxSeconds {longest}: they must be at least 1, in this order, and at "
            f"most {MAX_VISIBILITY_SECONDS}"
        )


def _attempts(config: Mapping[str, Any]) -> Iterator[str]:
    attempts = _number("maxReceiveCount", photo_queue(config)["RedrivePolicy"]["maxReceiveCount"])
    if attempts < LEAST_RECEIVE_COUNT:
        yield f"maxReceiveCount is {attempts}: below {LEAST_RECEIVE_COUNT}, throttling alone dead-letters good photos"


def _batches(config: Mapping[str, Any]) -> Iterator[str]:
    size = _number("batchSize", event_source(config)["batchSize"])
    if size > 10 and _number("windowSeconds", event_source(config)["maximumBatchingWindow"]) < 1:
        yield f"batchSize is {size}: above 10, windowSeconds must be at least 1"


def _images(config: Mapping[str, Any]) -> Iterator[str]:
    environment = function_environment(config)
    yield from _outputs(environment)
    limits = {name: _number(name, environment[variable]) for name, variable in _LIMITS.items()}
    yield from (f"{name} is 0: everything would be refused" for name, limit in limits.items() if limit == 0)
    needed_mb = SOURCES_ON_DISK * limits["maxBytes"] / 1_000_000
    disk_mb = _number("ephemeralStorageMb", process_function(config)["ephemeralStorageSize"])
    if needed_mb > disk_mb:
        yield f"ephemeralStorageMb is {disk_mb}: {SOURCES_ON_DISK} sources of maxBytes need {needed_mb:,.0f} MB"


def _outputs(environment: Mapping[str, Any]) -> Iterator[str]:
    variables = {name: str(environment[name]) for name in OUTPUT_VARIABLES if name in environment}
    mistakes = list(_invalid(variables))
    yield from mistakes
    timeout = _number("photoTimeoutSeconds", environment["PHOTO_TIMEOUT_SECONDS"])
    avif_seconds = 0 if mistakes else read_render_settings(variables).avif_seconds
    if avif_seconds > timeout * AVIF_SHARE:
        yield (
            f"photoTimeoutSeconds is {timeout}: the AVIF renditions of one photo may take {avif_seconds:.0f} s;"
            " lower avifEffort or their sizes, or raise it"
        )


def _invalid(variables: Mapping[str, str]) -> Iterator[str]:
    for name, text in variables.items():
        try:
            OUTPUT_VARIABLES[name](text)
        except ValueError as error:
            first, *others = name.lower().split("_")
            yield f"{first}{''.join(map(str.capitalize, others))}: {error}"


_LIMITS = {"maxBytes": "MAX_BYTES", "maxPixels": "MAX_PIXELS", "maxPages": "MAX_PAGES"}


def _subscriptions(config: Mapping[str, Any]) -> Iterator[str]:
    parameters = config["resources"]["Parameters"]
    for name in ("SummaryEmail", "AlarmEmail"):
        email = parameters[name]["Default"]
        if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
            yield f"{name[0].lower()}{name[1:]}: {email!r} is not an e-mail address"
    phone = parameters["SummaryPhone"]["Default"]
    if phone and not re.fullmatch(r"\+[1-9][0-9]{6,14}", phone):
        yield f"summaryPhone: {phone!r} is not a phone number in international form, such as +491701234567"


def _roll_up(config: Mapping[str, Any]) -> Iterator[str]:
    rate = config["functions"]["rollUp"]["events"][0]["schedule"]["rate"]
    text = "".join(rate)  # the CLI returns a list
    minutes = re.fullmatch(r"rate\(([0-9]+) minutes\)", text)
    if not minutes or int(minutes[1]) < 2:
        yield f"rollUpMinutes gives {text!r}: it must be a whole number, at least 2"
        return
    timeout, longest = _number("rollUpTimeoutSeconds", config["functions"]["rollUp"]["timeout"]), 60 * int(minutes[1])
    if not LEAST_ROLL_UP_SECONDS <= timeout < min(longest, MAX_LAMBDA_SECONDS + 1):
        yield (
            f"rollUpTimeoutSeconds is {timeout}: it must be at least {LEAST_ROLL_UP_SECONDS}, at most "
            f"{MAX_LAMBDA_SECONDS}, and less than rollUpMinutes, {longest} seconds"
        )


def _dashboard(config: Mapping[str, Any]) -> Iterator[str]:
    value = config["resources"]["Parameters"]["Dashboard"]["Default"]
    if value not in ("on", "off"):
        yield f"dashboard is {value!r}: it must be on or off"


def _built_for(config: Mapping[str, Any], *, on_local_stack: bool) -> Iterator[str]:
    stage = config["resources"]["Parameters"]["Stage"]["Default"]
    expected = "local" if stage == "local" or on_local_stack else config["provider"]["architecture"]
    if build_target(config) != expected:
        yield f"builtFor is {build_target(config)!r}, but the functions of the stage {stage!r} need {expected!r}"


def _unknown_parameter(name: str, known: Collection[str]) -> str:
    similar = get_close_matches(name, known, n=1)
    hint = f"did you mean {similar[0]}?" if similar else f"there are {', '.join(sorted(known))}"
    return f"there is no parameter {name!r}; {hint}"


def _number(name: str, value: Any) -> int:
    if not re.fullmatch(r"[0-9]+", str(value)):
        raise ValueError(f"{name} is {str(value)!r}: it must be a whole number")
    return int(value)


_RULES: tuple[Rule, ...] = (
    _stage,
    _buckets,
    _existing_buckets,
    _originals,
    _key_filter,
    _timeouts,
    _retries,
    _attempts,
    _batches,
    _images,
    _subscriptions,
    _roll_up,
    _dashboard,
)
