from pathlib import Path

import pytest

from processing.encode import write_jpeg
from processing.failures import FailureCode, PermanentError
from processing.vips import pyvips


@pytest.mark.parametrize(("bands", "kind"), [(1, "uchar"), (4, "uchar"), (3, "ushort"), (3, "float")])
def test_pixels_that_would_become_noise_are_refused(tmp_path: Path, bands: int, kind: str) -> None:
    pixels = pyvips.Image.black(8, 8, bands=bands).cast(kind)
    with pytest.raises(PermanentError) as caught:
        write_jpeg(pixels, tmp_path / "noise.jpg", quality=80, exif=b"", mark="")
    assert caught.value.code is FailureCode.UNSUPPORTED_FORMAT
    assert not (tmp_path / "noise.jpg").exists()
