"""Converts any colours to three bands of 8-bit sRGB. Facts on ICC profiles from ICC.1:2022, sections 7 and 10."""

from struct import error, unpack_from

from processing.images.vips import pyvips

_PROFILE = "icc-profile-data"
_LABS = ("lab", "labs")
_TAG_TABLE = 128
_MAX_TAGS = 100
# Whole names, because sRGB-elle-V2-g10.icc, for example, is linear. Where one of these was found in a photo, the
# conversion moved no value by more than 1 of 255. sRGB under any other name is converted, which costs only time.
_SRGB_NAMES = frozenset(
    (
        "sRGB IEC61966-2.1",  # Hewlett-Packard's: by far the most common
        "sRGB IEC61966-2-1 black scaled",  # the International Color Consortium's
        "sRGB built-in",  # Little CMS'
        "GIMP built-in sRGB",
        "sRGB",
        "c2",  # 524 bytes, made for the web, as is the next
        "c2ci",
    )
)


def to_srgb(image: pyvips.Image, unembedded: str = "") -> pyvips.Image:
    """Convert by the embedded profile, without one by the colour space.

    Args:
        image: without alpha, already small, because conversion costs per pixel.
        unembedded: libvips' name of the profile of an image that embeds none; empty for that of its colour space.
    """
    if image.interpretation in _LABS:  # of the white D50, as ICC's and TIFF's Lab are; libvips' own is of D65
        return image.colourspace("lab").icc_export(output_profile="srgb", pcs="lab", depth=8)
    profile = bytes(image.get(_PROFILE)) if image.get_typeof(_PROFILE) else b""
    if profile and image.format == "float" and image.interpretation == "scrgb":
        # libvips takes floats for linear light, but with a profile they are the profile's numbers, from 0 to 1.
        image = (image * 65535).cast("ushort").copy(interpretation="rgb16")
    if profile and profile_name(profile).rstrip("\0") not in _SRGB_NAMES:
        try:
            return image.icc_transform("srgb", embedded=True, depth=8, black_point_compensation=True)
        except pyvips.Error:
            pass  # a broken profile, or one for another number of bands: convert by the colour space
    if unembedded and not profile:
        return image.icc_transform("srgb", input_profile=unembedded, depth=8, black_point_compensation=True)
    if image.interpretation == "cmyk":
        return image.icc_transform("srgb", input_profile="cmyk", depth=8, black_point_compensation=True)
    if image.interpretation == "srgb" and image.format == "uchar":
        return image
    return image.colourspace("srgb").cast("uchar")


def profile_name(profile: bytes) -> str:
    """Return the first description of an ICC profile; empty if broken."""
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
