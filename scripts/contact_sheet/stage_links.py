"""Links to the outputs of a deployed stage, presigned or below a base URL, and the options that choose them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import quote, urlsplit

import boto3
import typer
from botocore.config import Config
from botocore.credentials import Credentials

from scripts.aws.stage import Stage, make_client
from scripts.cli.errors import OperatorError
from scripts.cli.units import human_duration, parse_duration
from scripts.contact_sheet.links import Links

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MAX_EXPIRES = timedelta(days=7)  # Amazon S3 User Guide, "Sharing objects with presigned URLs"
MIN_EXPIRES = timedelta(minutes=1)
DEFAULT_EXPIRES = timedelta(days=1)
# These are the same in every URL of one signer; the token alone has a thousand characters.
_COMMON = ("X-Amz-Algorithm", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Security-Token")


def parse_expires(text: str) -> timedelta:
    """Parse `--expires`.

    Raises:
        BadParameter: it is no duration, or presigned links cannot have it.
    """
    expires = parse_duration(text)
    if not MIN_EXPIRES <= expires <= MAX_EXPIRES:
        raise typer.BadParameter(f"{text} is not between 1m and 7d: SigV4 signs links for 7 days at most")
    return expires


def parse_base_url(text: str) -> str:
    """Parse `--base-url`; return it with one slash at its end.

    Raises:
        BadParameter: keys cannot be appended to it.
    """
    try:
        url = urlsplit(text)
        has_host = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        has_host = False
    if not has_host or not text.isascii() or not text.isprintable() or set(text) & set(" ;,'\"<>"):
        raise typer.BadParameter(f"{text!r} is not an address: write https://photos.example.com/")
    if url.username is not None or url.query or url.fragment or text.endswith(("?", "#")):
        raise typer.BadParameter(f"{text!r} has a user, a query or a fragment: keys are appended to it")
    return f"{text.rstrip('/')}/"


def page_file(text: str) -> Path:
    """Read the name of the page; a wrong one must not replace a photo.

    Raises:
        BadParameter: it does not end in .html, or is a folder.
    """
    file = Path(text)
    if file.suffix.lower() not in (".html", ".htm") or file.is_dir():
        raise typer.BadParameter(f"{text!r} is not the name of a page: write a file such as report.html")
    return file


ExpiresOption = Annotated[
    timedelta | None,
    typer.Option(
        "--expires",
        parser=parse_expires,
        metavar="TIME",
        help="How long the presigned links work: 1m to 7d, 1d by default; never longer than the credentials.",
    ),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option("--base-url", parser=parse_base_url, metavar="URL", help="Link to URL/KEY (a CDN) without signing."),
]


def stage_links(stage: Stage, expires: timedelta | None, base_url: str | None) -> Links:
    """Return presigned links, or links below a base URL.

    Raises:
        OperatorError: both were asked for, or there are no credentials to sign with.
    """
    if base_url is None:
        return _presigned_links(stage, expires or DEFAULT_EXPIRES)
    if expires is not None:
        raise OperatorError("--expires is for presigned links; links to a --base-url do not expire. Give one of both")
    url = urlsplit(base_url)
    return Links(address=lambda key: base_url + quote(key), origin=f"{url.scheme}://{url.netloc}")


def _presigned_links(stage: Stage, expires: timedelta) -> Links:
    credentials = stage.session.get_credentials()
    if credentials is None:
        raise OperatorError("no AWS credentials to sign links with: set AWS_PROFILE, or give --base-url")
    client, seconds = _signing_client(stage, credentials), round(expires.total_seconds())

    def sign(key: str) -> str:
        parameters = {"Bucket": stage.outputs.output_bucket, "Key": key}
        return str(client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds))

    url = urlsplit(sign("key"))
    # Private, but botocore has no public name for it; None for credentials that do not end or do not say when.
    ends = getattr(credentials, "_expiry_time", None)
    note = expiry_note(datetime.now(UTC), expires, ends, is_temporary=bool(credentials.token))
    return Links(
        address=lambda key: split_query(sign(key))[0],
        origin=f"{url.scheme}://{url.netloc}",
        query=split_query(url.geturl())[1],
        notes=(note,),
        mode=0o600,
    )


def _signing_client(stage: Stage, credentials: Credentials) -> "S3Client":
    """Make an S3 client for SigV4 and the region's own endpoint; its credentials are never renewed."""
    frozen, region = credentials.get_frozen_credentials(), stage.session.region_name
    session = boto3.Session(frozen.access_key, frozen.secret_key, frozen.token, region_name=region)
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    return cast("S3Client", make_client(session, "s3", stage.endpoint_url, config))


def expiry_note(now: datetime, expires: timedelta, ends: datetime | None, *, is_temporary: bool) -> str:
    """Say how long presigned links work.

    Args:
        now: when they are signed.
        expires: as asked for.
        ends: when the credentials end, if that is known.
        is_temporary: the credentials end sometime.
    """
    until = now + expires
    if ends and ends < until:
        shorter = f"the credentials that signed them end then, before the {human_duration(expires)} of --expires"
        return f"The links work until {_utc(ends)}: {shorter}."
    if is_temporary and not ends:
        return f"The links work until {_utc(until)}, but no longer than the temporary credentials that signed them."
    return f"The links work until {_utc(until)}."


def split_query(url: str) -> tuple[str, str]:
    """Split a presigned URL into its own part and the query that all have in common."""
    address, _, query = url.partition("?")
    parts = query.split("&")
    common = [part for part in parts if part.partition("=")[0] in _COMMON]
    return f"{address}?{'&'.join(part for part in parts if part not in common)}", "&".join(common)


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
