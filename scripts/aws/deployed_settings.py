"""What a deployed function is set to make, read from its own environment."""

from dataclasses import dataclass

from processing.settings import Limits, RenderSettings, Rendition, parse_renditions
from scripts.aws.stage import Target
from scripts.cli.errors import TargetError


@dataclass(frozen=True)
class DeployedSettings:
    """What comes out of a photo on a stage.

    Attributes:
        renditions: from the largest to the smallest.
        memory_mb: the function's memory.
    """

    renditions: tuple[Rendition, ...]
    memory_mb: int

    @property
    def fingerprint(self) -> str:
        """As the function computes it, if these scripts are of the version that is deployed."""
        return RenderSettings(self.renditions, Limits(max_bytes=0, max_pixels=0, max_pages=0)).fingerprint


def read_deployed_settings(target: Target) -> DeployedSettings:
    """Asks Lambda for the function's configuration.

    Raises:
        TargetError: it has no renditions that we understand.
    """
    answer = target.functions.get_function_configuration(FunctionName=target.outputs.process_function)
    text = answer.get("Environment", {}).get("Variables", {}).get("RENDITIONS", "")
    try:
        return DeployedSettings(parse_renditions(text), answer["MemorySize"])
    except ValueError as error:
        raise TargetError(f"the function's RENDITIONS cannot be read: {error}; deploy it again") from error
