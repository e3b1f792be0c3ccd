from pathlib import Path

from processing.failures import FailureCode
from processing.outcomes import Outcome, RecordResult, SourceObject
from scripts.cli.failures import NOT_COPIED, Failure
from scripts.photo_job.photo_folder import not_uploaded
from tests.support.contact_sheet import dead_lettered, processed, sheet_of


def test_renditions_are_ordered_by_size_and_have_the_shape_of_their_files(tmp_path: Path) -> None:
    (photo,) = sheet_of(tmp_path, [processed(tmp_path, "a.jpg")]).photos
    shapes = [(file.name, file.width, file.height) for file in photo.renditions]
    assert shapes == [("small.jpg", 30, 20), ("medium.jpg", 60, 40), ("large.jpg", 120, 80)]


def test_renditions_of_a_photo_that_is_smaller_than_all_of_them_keep_their_order(tmp_path: Path) -> None:
    result = processed(tmp_path, "a.jpg")
    for name in ("medium.jpg", "large.jpg"):
        (tmp_path / "a.jpg" / name).write_bytes((tmp_path / "a.jpg/small.jpg").read_bytes())
    (photo,) = sheet_of(tmp_path, [result]).photos
    assert [file.name for file in photo.renditions] == ["small.jpg", "medium.jpg", "large.jpg"]


def test_special_characters_of_a_key_are_encoded_in_the_link(tmp_path: Path) -> None:
    (photo,) = sheet_of(tmp_path, [processed(tmp_path, "day 2/100% #1?é.jpg")]).photos
    assert photo.renditions[0].href == "./day%202/100%25%20%231%3F%C3%A9.jpg/small.jpg"


def test_a_key_that_looks_like_an_address_is_a_file_name(tmp_path: Path) -> None:
    (photo,) = sheet_of(tmp_path, [processed(tmp_path, "javascript:alert(1)")]).photos
    assert photo.renditions[0].href.startswith("./javascript%3Aalert")


def test_each_folder_is_a_section_and_the_top_folder_comes_first(tmp_path: Path) -> None:
    results = [processed(tmp_path, key) for key in ("b/2.jpg", "a/1.jpg", "z.jpg", "b/1.jpg")]
    folders = sheet_of(tmp_path, results).folders
    assert [(name, [photo.name for photo in photos]) for name, photos in folders] == [
        ("", ["z.jpg"]),
        ("a", ["1.jpg"]),
        ("b", ["1.jpg", "2.jpg"]),
    ]


def test_failures_are_grouped_by_code_with_the_detail_of_each_photo(tmp_path: Path) -> None:
    code = FailureCode.TRUNCATED_IMAGE
    results = [dead_lettered(key, code, f"why {key}") for key in ("b.jpg", "a.jpg")]
    (group,) = sheet_of(tmp_path, results).groups
    assert (group.code, group.meaning, group.what_to_do) == (code.value, code.meaning, code.what_to_do)
    assert group.photos == (("a.jpg", "why a.jpg"), ("b.jpg", "why b.jpg"))


def test_the_most_frequent_code_comes_first(tmp_path: Path) -> None:
    codes = (FailureCode.CORRUPT_IMAGE, FailureCode.TOO_SLOW, FailureCode.TOO_SLOW)
    results = [dead_lettered(f"{number}.jpg", code, "") for number, code in enumerate(codes)]
    assert [group.code for group in sheet_of(tmp_path, results).groups] == ["too-slow", "corrupt-image"]


def test_a_code_with_several_reasons_names_the_reason_at_each_file(tmp_path: Path) -> None:
    local = [not_uploaded("a", "Permission denied"), not_uploaded("b", "not a file but a pipe")]
    (group,) = sheet_of(tmp_path, [], local).groups
    assert group.what_to_do == ""
    assert group.photos == (("a", "Permission denied"), ("b", "not a file but a pipe"))


def test_a_photo_that_was_not_copied_is_a_failure_only(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, [processed(tmp_path, "a.jpg")], [Failure("a.jpg", NOT_COPIED, "Free space.")])
    assert sheet.photos == ()
    assert [group.code for group in sheet.groups] == [NOT_COPIED]


def test_an_output_key_that_leads_out_of_the_folder_is_not_shown(tmp_path: Path) -> None:
    processed(tmp_path, "elsewhere")
    source = SourceObject(bucket="photos", key="a.jpg")
    outside = RecordResult(
        message_id="m", source=source, outcome=Outcome.PROCESSED, outputs=("../elsewhere/small.jpg",)
    )
    (tmp_path / "out").mkdir()
    assert sheet_of(tmp_path / "out", [outside]).photos == ()


def test_the_longest_bar_of_the_chart_fills_it(tmp_path: Path) -> None:
    bars = sheet_of(tmp_path, [processed(tmp_path, "a.jpg", size_bytes=1_000_000)]).bars
    assert (bars[0].label, bars[0].size, bars[0].percent) == ("originals", "1.0 MB", 100.0)
    assert {bar.label for bar in bars[1:]} == {"small.jpg", "medium.jpg", "large.jpg", "document.pdf"}
