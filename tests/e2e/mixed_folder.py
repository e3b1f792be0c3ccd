"""A folder with every kind of good photo, every kind of bad photo and unusual names."""

from pathlib import Path

from tests.support.every_kind import one_of_each
from tests.support.photos import jpeg, not_an_image, oriented_jpeg, png_bomb

UNUSUAL_NAMES = (
    "with space.jpg",
    "a+b.jpg",
    "100%25.jpg",
    "100% sure.jpg",
    "no#1.jpg",
    "(brackets) [too].jpg",
    "ümläut/写真/😀.jpg",
    "q?a=b&c;d.jpg",
    "'quoted' \"twice\".jpg",
    "deep/er/and/deeper/photo.JPG",
    "no extension",
    "same.jpg",
    "same.png",
)

BAD = {
    "bad/text.jpg": (not_an_image(), "unsupported-format"),
    "bad/cut off.jpg": (jpeg()[: len(jpeg()) // 2], "truncated-image"),
    "bad/empty.jpg": (b"", "empty-object"),
    "bad/bomb.png": (png_bomb(20_000), "too-many-pixels"),
}


def make_folder(folder: Path, copies: int = 1) -> tuple[set[str], dict[str, str]]:
    """Write good and bad photos into a folder.

    Args:
        folder: the folder.
        copies: how often each good kind appears.

    Returns:
        The keys of the good photos, and the failure code of each bad one.
    """
    good = {f"orientation/{n}.jpg": oriented_jpeg(n) for n in range(1, 9)}
    good |= {name: jpeg() for name in UNUSUAL_NAMES}
    for copy in range(copies):
        good |= {f"kinds {copy}/{kind}": body for kind, body in one_of_each().items()}
    for key, body in {**good, **{key: body for key, (body, _) in BAD.items()}}.items():
        file = folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return set(good), {key: code for key, (_, code) in BAD.items()}
