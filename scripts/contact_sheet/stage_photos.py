"""Reads processed photos from the buckets of a deployed stage."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from processing.commit_marker import Marker
from processing.layout import Layout
from processing.output_keys import DOCUMENT_NAME, document_key, output_names
from scripts.aws.bucket_listing import Pair
from scripts.aws.photo_state import head_object
from scripts.aws.stage import Stage
from scripts.contact_sheet.photo import OutputFile, SheetPhoto

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True)
class StagePhotos:
    """Reads the current outputs of photos; safe to use from several threads.

    Attributes:
        names: of the outputs with today's settings, from the largest rendition to the PDF.
    """

    s3: "S3Client"
    input_bucket: str
    output_bucket: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, stage: Stage) -> "StagePhotos":
        """Use a stage's buckets and the settings of its deployed function."""
        outputs, renditions = stage.outputs, stage.read_settings().renditions
        return cls(stage.s3, outputs.input_bucket, outputs.output_bucket, output_names(renditions))

    def listed(self, pair: Pair) -> SheetPhoto | None:
        """Return a listed photo; None unless a complete set of outputs of the source's version exists.

        Outputs whose source was deleted since are a photo, too.
        """
        source, outputs = pair
        if outputs is None or outputs.committed is None:
            return None
        document = head_object(self.s3, self.output_bucket, document_key(pair.key))
        if document is None or (source and Marker.from_metadata(document["Metadata"]).etag != source.etag):
            return None
        return self._photo(pair.key, source.size_bytes if source else 0, outputs.sizes, document)

    def named(self, key: str) -> SheetPhoto | None:
        """Return the photo of a source key, read by HEAD requests alone; None unless it is complete."""
        source = head_object(self.s3, self.input_bucket, key)
        heads = {name: head_object(self.s3, self.output_bucket, f"{key}/{name}") for name in self.names}
        document = heads[DOCUMENT_NAME]
        if document is None or (source and Marker.from_metadata(document["Metadata"]).etag != _etag(source)):
            return None
        sizes = {name: head["ContentLength"] for name, head in heads.items() if head}
        return self._photo(key, source["ContentLength"] if source else 0, sizes, document)

    def _photo(self, key: str, size_bytes: int, sizes: Mapping[str, int], document: Any) -> SheetPhoto | None:
        """Make a photo with the shapes that its commit marker has; outputs that it does not name are of another set."""
        shapes = Layout.from_metadata(document["Metadata"]).sizes
        files = []
        for name in self._from_the_smallest(sizes):
            width, height = shapes.get(name, (0, 0))
            if name in shapes or name == DOCUMENT_NAME or not shapes:
                files.append(OutputFile(name=name, size_bytes=sizes[name], width=width, height=height))
        return SheetPhoto.of(key, size_bytes, files)

    def _from_the_smallest(self, sizes: Mapping[str, int]) -> Iterable[str]:
        """Order outputs as today's settings do, and those of earlier settings by their bytes."""
        order = {name: -position for position, name in enumerate(self.names)}
        return sorted(sizes, key=lambda name: (order.get(name, 1), sizes[name]))


def _etag(head: Any) -> str:
    return str(head["ETag"].strip('"'))
