"""The headers that S3 sends with an output: type, file name and caching. Facts from RFC 6266, 8187 and 9111."""

import re
from urllib.parse import quote

from processing.output_formats import content_type

# Amazon S3 User Guide, "Working with object metadata": system-defined metadata have at most 2 KB together. A name of
# 200 bytes has 800 in both of its forms.
MAX_NAME_BYTES = 200
MAX_CACHE_CONTROL_BYTES = 300
NO_CACHE_CONTROL = "none"

_EXTENSION = re.compile(r"(?<=.)\.[A-Za-z0-9]{1,5}$")
_NOT_IN_A_QUOTED_NAME = re.compile(r"[^ !#$&()+,\-.0-9;=@A-Z\[\]^_`a-z{}~\']")
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"  # RFC 8187, attr-char, beside letters and digits
_WITH_SECONDS = ("max-age", "s-maxage", "stale-while-revalidate", "stale-if-error")
_ALONE = (
    "immutable",
    "must-revalidate",
    "must-understand",
    "no-cache",
    "no-store",
    "no-transform",
    "private",
    "proxy-revalidate",
    "public",
)
_SECONDS = re.compile(r"[0-9]{1,10}")


def response_headers(source_key: str, output_name: str, cache_control: str) -> dict[str, str]:
    """Return the parameters of S3's PutObject that become headers of its answers.

    Args:
        source_key: names the file that a browser saves.
        output_name: `large.jpg`, the last part of the output key.
        cache_control: empty for none.
    """
    headers = {
        "ContentType": content_type(output_name),
        "ContentDisposition": content_disposition(source_key, output_name[output_name.rindex(".") :]),
    }
    return headers | ({"CacheControl": cache_control} if cache_control else {})


def content_disposition(source_key: str, suffix: str) -> str:
    """Return a header that shows an output in the browser and saves it under the photo's own name.

    Args:
        source_key: any characters; its last part is the name.
        suffix: of the output's format, with its dot.
    """
    name = own_name(source_key) + suffix
    plain = _NOT_IN_A_QUOTED_NAME.sub("_", name)
    header = f'inline; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE_CHARACTERS)}"


def own_name(source_key: str) -> str:
    """Return a photo's own name: the last part of its key, without its extension and unprintable characters."""
    stem = _EXTENSION.sub("", source_key.rpartition("/")[2])
    printable = "".join(c if c.isprintable() and c not in '\\"' else "_" for c in stem).strip()
    return _shortened(printable) or "photo"


def parse_cache_control(text: str) -> str:
    """Check a Cache-Control header for all outputs.

    Returns:
        The header, empty for `none`.

    Raises:
        ValueError: one sentence naming every mistake.
    """
    if text == NO_CACHE_CONTROL:
        return ""
    directives = [directive.strip() for directive in text.split(",")]
    mistakes = [mistake for directive in directives if (mistake := _mistake(directive))]
    if len(text) > MAX_CACHE_CONTROL_BYTES:
        mistakes.append(f"it has more than {MAX_CACHE_CONTROL_BYTES} characters")
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return ", ".join(directives)


def _mistake(directive: str) -> str:
    name, equals, seconds = directive.partition("=")
    if name in _WITH_SECONDS:
        return "" if _SECONDS.fullmatch(seconds) else f"{directive!r}: {name} needs a number of seconds, as {name}=3600"
    if name in _ALONE:
        return f"{directive!r}: {name} has no value" if equals else ""
    return f"{directive!r} is not one of {NO_CACHE_CONTROL}, {', '.join((*_WITH_SECONDS, *_ALONE))}"


def _shortened(name: str) -> str:
    return name.encode(errors="replace")[:MAX_NAME_BYTES].decode(errors="ignore").strip()
