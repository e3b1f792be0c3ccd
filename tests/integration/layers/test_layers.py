"""The dependency layers for AWS: their contents, their size, and that builds are reproducible."""

import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.cli.repository import REPOSITORY
from scripts.packaging.layer import Layer, build_layer
from scripts.packaging.target import LAMBDA_PYTHON, NO_BYTECODE, BuildTarget, find_interpreter, find_uv
from tests.integration.layers.arm64_python import NoArm64PythonError, find_arm64_python
from tests.support.photos import jpeg

MAX_BYTES = 45_000_000
ELF, ELF_MACHINE_AT = b"\x7fELF", 18
MACHINES = {BuildTarget.ARM64: 0xB7, BuildTarget.X86_64: 0x3E}  # System V ABI: e_machine
BYTECODE_FLAGS_AT, UNCHECKED_HASH = 4, 0b01  # PEP 552
TAG = f"cpython-{LAMBDA_PYTHON.replace('.', '')}"
# Modules that the functions import, and a dependency.
NEEDED = {
    "pyvips/__init__.py",
    "PIL/Image.py",
    "pi_heif/__init__.py",
    "aws_lambda_powertools/__init__.py",
    "jmespath/__init__.py",
}
# Packages that the Lambda runtime brings or that only builds and tests need.
UNWANTED = ("boto3", "botocore", "cffi", "pycparser", "pytest", "numpy", "ministack", "handlers", "processing")
PROGRAM = """
import sys
from pathlib import Path
from tempfile import TemporaryFile
import aws_lambda_powertools.metrics, aws_lambda_powertools.utilities.batch, pyvips
from processing.images.pipeline import render_photo
from processing.output_keys import output_names
from processing.settings import Limits, RenderSettings, parse_renditions
renditions = parse_renditions("large:200:80,small:50:80:webp,tile:20x20:50:avif:cover")
settings = RenderSettings(renditions, Limits(10**7, 10**7, 1))
outputs = [TemporaryFile(buffering=0) for _ in settings.output_limits]
render_photo(Path(sys.argv[1]).read_bytes(), outputs, settings)
for name, output in zip(output_names(settings.renditions), outputs):
    output.seek(0)
    Path(sys.argv[2], name).write_bytes(output.read())
print(pyvips.API_mode, pyvips.__file__)
"""


@pytest.fixture(scope="module", params=[BuildTarget.ARM64, BuildTarget.X86_64], ids=str)
def target(request: pytest.FixtureRequest) -> BuildTarget:
    chosen: BuildTarget = request.param
    return chosen


@pytest.fixture(scope="module")
def layer(target: BuildTarget) -> Layer:
    return build_layer(target, repository=REPOSITORY)


def names(layer: Layer) -> set[str]:
    return {path.relative_to(layer.tree).as_posix() for path in layer.tree.rglob("*") if path.is_file()}


def test_it_is_small_enough(layer: Layer) -> None:
    assert layer.size_bytes <= MAX_BYTES
    assert layer.size_bytes == sum((layer.tree / name).stat().st_size for name in names(layer))


def test_it_has_what_the_functions_import_and_nothing_that_the_runtime_or_nobody_needs(layer: Layer) -> None:
    assert names(layer) >= NEEDED
    assert {name.partition("/")[0] for name in names(layer)}.isdisjoint(UNWANTED)


def test_every_library_is_for_its_machine_and_its_python(layer: Layer, target: BuildTarget) -> None:
    libraries = [path for path in layer.tree.rglob("*.so*") if path.is_file()]
    heads = {path.name: path.read_bytes()[: ELF_MACHINE_AT + 2] for path in libraries}
    assert any("libvips" in name for name in heads)
    assert {head[: len(ELF)] for head in heads.values()} == {ELF}
    assert {int.from_bytes(head[ELF_MACHINE_AT:], "little") for head in heads.values()} == {MACHINES[target]}
    assert [name for name in heads if "cpython-" in name and TAG not in name] == []


def test_it_carries_the_runtimes_bytecode_or_says_that_it_has_none(layer: Layer, target: BuildTarget) -> None:
    compiled = {path.relative_to(layer.tree).as_posix() for path in layer.tree.rglob("*.pyc")}
    if find_interpreter(target) is None:
        assert compiled == set()
        assert layer.note == NO_BYTECODE
        return
    sources = [name for name in names(layer) if name.endswith(".py")]
    expected = {
        name.replace(sys.implementation.cache_tag or "", TAG) for name in map(importlib.util.cache_from_source, sources)
    }
    assert compiled == expected
    assert layer.note == ""


def test_its_zip_is_what_lambda_unpacks_to_opt(layer: Layer) -> None:
    with zipfile.ZipFile(layer.archive) as zipped:
        assert set(zipped.namelist()) == {f"python/{name}" for name in names(layer)}


def test_two_builds_are_the_same(layer: Layer, target: BuildTarget, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "uv.lock", ".tools"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    again = build_layer(target, repository=tmp_path)
    assert not again.was_cached
    assert again.hash == layer.hash
    assert again.archive.read_bytes() == layer.archive.read_bytes()


def test_the_arm64_layer_renders_a_photo_on_arm64(tmp_path: Path) -> None:
    try:
        python = find_arm64_python(REPOSITORY / ".tools")
    except NoArm64PythonError as reason:
        pytest.skip(f"the arm64 layer is not run: {reason}")
    with zipfile.ZipFile(build_layer(BuildTarget.ARM64, repository=REPOSITORY).archive) as zipped:
        zipped.extractall(tmp_path / "opt")
    (tmp_path / "photo.jpg").write_bytes(jpeg((400, 300)))
    (tmp_path / "out").mkdir()
    layer = tmp_path / "opt/python"
    told = python.run(PROGRAM, str(tmp_path / "photo.jpg"), str(tmp_path / "out"), path=[layer, REPOSITORY])
    assert told.split() == ["True", str(layer / "pyvips/__init__.py")]
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "large.jpg",
        "small.webp",
        "tile.avif",
        "document.pdf",
    }


def test_a_build_requirement_with_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text((REPOSITORY / "pyproject.toml").read_text())
    lock = (REPOSITORY / "uv.lock").read_text()
    forged = re.sub(r'(/pkgconfig-[^"]*", hash = "sha256:)[0-9a-f]{64}', rf"\g<1>{'0' * 64}", lock)
    assert forged != lock
    (tmp_path / "uv.lock").write_text(forged)
    command = (find_uv(), "sync", "--frozen", "--only-group", "build")
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(tmp_path / "venv"), "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Hash mismatch for `pkgconfig" in done.stderr
