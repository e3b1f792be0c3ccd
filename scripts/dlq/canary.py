"""Which dead letters can be a canary: those that go well only if what was broken is mended."""

from collections.abc import Iterable
from contextlib import closing
from itertools import islice

from scripts.aws.dead_letter import DeadLetter
from scripts.aws.parallel import map_in_threads
from scripts.aws.photo_state import PhotoStates, SourceState

THREADS = 16
# More than are needed, because those that turn up first in the DLQ are taken.
SPARE = 100


def choose_canaries(letters: Iterable[DeadLetter], photos: PhotoStates, count: int) -> set[str]:
    """The ids of the first letters with a photo that is there as it was and still to be made, and some to spare.

    Any other needs nothing any more and so goes well, whatever is broken.
    """
    looked = map_in_threads(lambda letter: letter.id if _is_fit(letter, photos) else "", letters, THREADS)
    with closing(looked):
        return set(islice(filter(None, looked), count + SPARE))


def _is_fit(letter: DeadLetter, photos: PhotoStates) -> bool:
    return any(
        photos.source_state(source) is SourceState.SAME and not photos.is_done(source) for source in letter.sources
    )
