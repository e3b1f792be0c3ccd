"""Brings any colours to three bands of 8-bit sRGB."""

from processing.images.icc import profile_name
from processing.images.vips import pyvips

_PROFILE = "icc-profile-data"
# Whole names, because sRGB-elle-V2-g10.icc, say, is linear. Where one of these was found in a photo, converting it
# moved no value by more than 1 of 255. Under any other name sRGB costs nothing but time.
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


def to_srgb(image: pyvips.Image) -> pyvips.Image:
    """Converts through the embedded profile if there is one that is not sRGB; otherwise by the colour space alone.

    Args:
        image: without alpha, already small: conversion costs per pixel.
    """
    if image.format == "float" and _profile(image):
        image = _in_numbers_of_the_profile(image)
    if _has_foreign_profile(image):
        try:
            return image.icc_transform("srgb", embedded=True, depth=8, black_point_compensation=True)
        except pyvips.Error:
            pass  # a broken profile, or one for another number of bands: the pixels still mean what they usually do
    if image.interpretation == "cmyk":
        return image.icc_transform("srgb", input_profile="cmyk", depth=8, black_point_compensation=True)
    if image.interpretation == "srgb" and image.format == "uchar":
        return image
    return image.colourspace("srgb").cast("uchar")


def _profile(image: pyvips.Image) -> bytes:
    return bytes(image.get(_PROFILE)) if image.get_typeof(_PROFILE) else b""


def _has_foreign_profile(image: pyvips.Image) -> bool:
    profile = _profile(image)
    return bool(profile) and profile_name(profile).rstrip("\0") not in _SRGB_NAMES


def _in_numbers_of_the_profile(image: pyvips.Image) -> pyvips.Image:
    # libvips takes floats for linear light, but with a profile they are its own numbers, from 0 to 1.
    return (image * 65535).cast("ushort").copy(interpretation="rgb16")
