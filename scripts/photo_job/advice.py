"""Advice for a laptop, where there is nothing to redrive and no deployment to wait for."""

from processing.failures import FailureCode

_ANOTHER_RUN = "Run the folder again; if it fails again, the log of the local AWS says why."
_ON_A_LAPTOP = {
    FailureCode.UNSUPPORTED_FORMAT: "Save it as a JPEG or PNG, or leave it out with --skip.",
    FailureCode.CORRUPT_IMAGE: "Open it on your computer; export it again or use another copy.",
    FailureCode.TRUNCATED_IMAGE: "A copy was cut off: copy it from the camera or a backup again.",
    FailureCode.EMPTY_OBJECT: "Copy it from the camera or a backup again.",
    FailureCode.TOO_MANY_BYTES: "Use a smaller file, or raise the limit: maxBytes: BYTES in settings/local.yml.",
    FailureCode.TOO_MANY_PIXELS: "Use a smaller image, or raise the limit: maxPixels: PIXELS in settings/local.yml.",
    FailureCode.TOO_MANY_PAGES: "Split it, or raise the limit: maxPages: PAGES in settings/local.yml.",
    FailureCode.KEY_TOO_LONG: "Give it a shorter name, or move it to a folder higher up.",
    FailureCode.DECODER_CRASHED: "Do not trust the file; export it again from its original.",
    FailureCode.TOO_SLOW: "Save it in a simpler form, such as a baseline JPEG.",
    FailureCode.OUT_OF_MEMORY: "Use a smaller image, or allow more memory: memoryMb: MB in settings/local.yml.",
    FailureCode.DISK_FULL: "Free disk space for temporary files, then run the folder again.",
}


def laptop_advice(code: FailureCode) -> str:
    """Return what to do about a failure of `npm start`."""
    return _ON_A_LAPTOP.get(code, _ANOTHER_RUN)


def needs_log(code: str) -> bool:
    """Return True for a failure whose reason is not the photo, but in the log of the local AWS."""
    return code in set(FailureCode) - set(_ON_A_LAPTOP)
