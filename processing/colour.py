"""Brings any colours to three bands of 8-bit sRGB."""

from processing.icc import profile_name
from processing.vips import pyvips

_PROFILE = "icc-profile-data"
_SRGB_NAMES = ("sRGB", "c2ci")  # "c2" and "c2ci" are small sRGB profiles that many web tools embed


def to_srgb(image: pyvips.Image) -> pyvips.Image:
    """Converts through the embedded profile if there is one that is not sRGB; otherwise by the colour space alone.

    Args:
        image: without alpha, already small: conversion costs per pixel.
    """
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


def _has_foreign_profile(image: pyvips.Image) -> bool:
    if image.get_typeof(_PROFILE) == 0:
        return False
    return not profile_name(bytes(image.get(_PROFILE))).startswith(_SRGB_NAMES)
