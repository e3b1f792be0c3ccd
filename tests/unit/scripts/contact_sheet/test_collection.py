from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from processing.output_formats import RENDITION_FORMATS
from scripts.cli.failures import NOT_COPIED, Failure, FailureGroup
from scripts.cli.output import key_text
from scripts.contact_sheet.collection import MAX_LISTED, open_collection
from scripts.contact_sheet.photo import OutputFile, SheetPhoto
from scripts.photo_job.photo_folder import HOW_TO_UPLOAD, not_uploaded
from tests.support.contact_sheet import collection_of, dead_lettered, processed
from tests.support.photos import picture


def photos_of(out: Path, results: Sequence[RecordResult], local: Sequence[Failure] = ()) -> list[SheetPhoto]:
    with collection_of(out, results, local) as collection:
        return list(collection.photos(0, 100))


def groups_of(out: Path, results: Sequence[RecordResult], local: Sequence[Failure] = ()) -> tuple[FailureGroup, ...]:
    with collection_of(out, results, local) as collection:
        return collection.groups()


def test_renditions_are_ordered_by_size_and_have_the_shape_of_their_files(tmp_path: Path) -> None:
    (photo,) = photos_of(tmp_path, [processed(tmp_path, "a.jpg")])
    shapes = [(file.name, file.width, file.height) for file in photo.renditions]
    assert shapes == [("small.jpg", 30, 20), ("medium.jpg", 60, 40), ("large.jpg", 120, 80)]


def test_renditions_of_a_photo_that_is_smaller_than_all_of_them_keep_their_order(tmp_path: Path) -> None:
    result = processed(tmp_path, "a.jpg")
    for name in ("medium.jpg", "large.jpg"):
        (tmp_path / "a.jpg" / name).write_bytes((tmp_path / "a.jpg/small.jpg").read_bytes())
    (photo,) = photos_of(tmp_path, [result])
    assert [file.name for file in photo.renditions] == ["small.jpg", "medium.jpg", "large.jpg"]


def test_renditions_of_every_format_have_a_shape(tmp_path: Path) -> None:
    names = [f"large{output.suffix}" for output in RENDITION_FORMATS.values()]
    (tmp_path / "a.jpg").mkdir()
    for name in names:
        picture((64, 48)).save(tmp_path / "a.jpg" / name)
    source = SourceObject(bucket="photos", key="a.jpg")
    outputs = tuple(f"a.jpg/{name}" for name in names)
    result = RecordResult(message_id="m", source=source, outcome=Outcome.PROCESSED, outputs=outputs)
    (photo,) = photos_of(tmp_path, [result])
    assert sorted(file.name for file in photo.renditions) == sorted(names)
    assert {(file.width, file.height) for file in photo.renditions} == {(64, 48)}


def test_advice_that_differs_within_a_code_is_given_with_each_photo() -> None:
    with open_collection() as collection:
        collection.add_failure(Failure("a.mp4", "unsupported-format", "Leave it out.", "a video"))
        collection.add_failure(Failure("b.heic", "unsupported-format", "Save it as a JPEG."))
        (group,) = collection.groups()
    assert group.what_to_do == ""
    assert group.photos == (("a.mp4", "a video: Leave it out."), ("b.heic", "Save it as a JPEG."))


def test_photos_are_ordered_by_folder_and_the_top_folder_comes_first(tmp_path: Path) -> None:
    photos = photos_of(tmp_path, [processed(tmp_path, key) for key in ("b/2.jpg", "a/1.jpg", "z.jpg", "b/1.jpg")])
    assert [(photo.folder, photo.name) for photo in photos] == [
        ("", "z.jpg"),
        ("a", "1.jpg"),
        ("b", "1.jpg"),
        ("b", "2.jpg"),
    ]


def test_failures_are_grouped_by_code_with_the_detail_of_each_photo(tmp_path: Path) -> None:
    code = FailureCode.TRUNCATED_IMAGE
    results = [dead_lettered(key, code, f"why {key}") for key in ("b.jpg", "a.jpg")]
    (group,) = groups_of(tmp_path, results)
    assert (group.code, group.meaning, group.what_to_do) == (code.value, code.meaning, code.what_to_do)
    assert group.photos == (("a.jpg", "why a.jpg"), ("b.jpg", "why b.jpg"))


def test_the_most_frequent_code_comes_first(tmp_path: Path) -> None:
    codes = (FailureCode.CORRUPT_IMAGE, FailureCode.TOO_SLOW, FailureCode.TOO_SLOW)
    results = [dead_lettered(f"{number}.jpg", code, "") for number, code in enumerate(codes)]
    assert [group.code for group in groups_of(tmp_path, results)] == ["too-slow", "corrupt-image"]


def test_a_code_with_several_reasons_names_the_reason_at_each_file(tmp_path: Path) -> None:
    local = [not_uploaded("a", "Permission denied"), not_uploaded("b", "not a file but a pipe")]
    (group,) = groups_of(tmp_path, [], local)
    assert group.what_to_do == HOW_TO_UPLOAD
    assert group.photos == (("a", "Permission denied"), ("b", "not a file but a pipe"))


def test_a_photo_that_was_not_copied_is_a_failure_only(tmp_path: Path) -> None:
    results, local = [processed(tmp_path, "a.jpg")], [Failure("a.jpg", NOT_COPIED, "Free space.")]
    assert photos_of(tmp_path, results, local) == []
    assert [group.code for group in groups_of(tmp_path, results, local)] == [NOT_COPIED]


def test_an_output_key_that_leads_out_of_the_folder_is_not_shown(tmp_path: Path) -> None:
    processed(tmp_path, "elsewhere")
    source = SourceObject(bucket="photos", key="a.jpg")
    outside = RecordResult(
        message_id="m", source=source, outcome=Outcome.PROCESSED, outputs=("../elsewhere/small.jpg",)
    )
    (tmp_path / "out").mkdir()
    assert photos_of(tmp_path / "out", [outside]) == []


def test_of_many_failures_with_a_code_all_are_counted_and_the_first_ten_thousand_listed() -> None:
    with open_collection() as collection:
        for number in range(MAX_LISTED + 5):
            collection.add_failure(Failure(f"{number:05}.jpg", "too-slow", "Wait."))
        collection.add_failure(Failure("rare.jpg", "corrupt-image", "Export it again."))
        many, rare = collection.groups()
    assert (many.count, len(many.photos), many.photos[0][0]) == (MAX_LISTED + 5, MAX_LISTED, "00000.jpg")
    assert [key for key, _ in rare.photos] == ["rare.jpg"]


def test_a_code_that_anybody_sent_stays_on_its_line() -> None:
    with open_collection() as collection:
        collection.add_failure(Failure("a.jpg", "too-\u202ewols\n", "Wait."))
        (group,) = collection.groups()
    assert group.code == "too-\\u202ewols\\n"


def test_a_photo_that_is_added_again_replaces_the_earlier_one(tmp_path: Path) -> None:
    (photo,) = photos_of(tmp_path, [processed(tmp_path, "a.jpg")])
    with open_collection() as collection:
        collection.add_photo(photo)
        collection.add_photo(replace(photo, size_bytes=7))
        assert (collection.processed, collection.sizes()["originals"]) == (1, 7)


@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_key_comes_back_unchanged(key: str) -> None:
    photo = SheetPhoto(key=key, size_bytes=1, renditions=(OutputFile(name="a.jpg", size_bytes=1),), document=None)
    with open_collection() as collection:
        collection.add_photo(photo)
        collection.add_failure(Failure(key, "too-slow", "Wait."))
        assert list(collection.photos(0, 1)) == [photo]
        assert collection.groups()[0].photos == ((key_text(key), ""),)
