"""The settings of a deployed function, read from its Lambda configuration."""

from dataclasses import dataclass

from processing.settings import Limits, RenderSettings, Rendition, parse_renditions
from scripts.aws.stage import Stage
from scripts.cli.errors import StageError


@dataclass(frozen=True)
class DeployedSettings:
    """The renditions and the memory of a deployed function.

    Attributes:
        renditions: from the largest to the smallest.
        memory_mb: the function's memory.
    """

    renditions: tuple[Rendition, ...]
    memory_mb: int

    @property
    def fingerprint(self) -> str:
        """The function's settings fingerprint, if these scripts and the function have the same version."""
        return RenderSettings(self.renditions, Limits(max_bytes=0, max_pixels=0, max_pages=0)).fingerprint


def read_deployed_settings(stage: Stage) -> DeployedSettings:
    """Read the function's configuration from Lambda.

    Raises:
        StageError: its RENDITIONS cannot be parsed.
    """
    answer = stage.functions.get_function_configuration(FunctionName=stage.outputs.process_function)
    text = answer.get("Environment", {}).get("Variables", {}).get("RENDITIONS", "")
    try:
        return DeployedSettings(parse_renditions(text), answer["MemorySize"])
    except ValueError as error:
        raise StageError(f"the function's RENDITIONS cannot be read: {error}; deploy it again") from error
