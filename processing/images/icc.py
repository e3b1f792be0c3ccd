"""The name of an ICC profile. Facts from ICC.1:2022, sections 7 and 10."""

from struct import error, unpack_from

_TAG_TABLE = 128
_MAX_TAGS = 100


def profile_name(profile: bytes) -> str:
    """What the profile's description tag says, in its first language; empty if it has none or is broken."""
    try:
        count = unpack_from(">I", profile, _TAG_TABLE)[0]
        for index in range(min(count, _MAX_TAGS)):
            name, start, _ = unpack_from(">4sII", profile, _TAG_TABLE + 4 + 12 * index)
            if name == b"desc":
                return _read_text(profile, start)
    except error:
        pass
    return ""


def _read_text(profile: bytes, start: int) -> str:
    if profile[start : start + 4] == b"mluc":  # since version 4: UTF-16, many languages
        size, offset = unpack_from(">II", profile, start + 20)
        return profile[start + offset : start + offset + size].decode("utf-16-be", "replace")
    size = unpack_from(">I", profile, start + 8)[0]
    return profile[start + 12 : start + 12 + size].rstrip(b"\0").decode("ascii", "replace")
