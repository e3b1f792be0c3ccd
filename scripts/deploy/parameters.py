"""The --param options of a deployment: the Serverless CLI ignores a misspelt one, and deploys the default instead."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches


def find_parameter_mistakes(given: Sequence[str], known: Collection[str]) -> list[str]:
    """What is wrong with the options themselves, one sentence each; their values are for `deployment_rules`.

    Args:
        given: as typed, such as `concurrency=7`.
        known: the names at the top of serverless.yml.
    """
    names = [parameter.partition("=")[0] for parameter in given]
    mistakes = [f"--param={parameter}: it must be name=value" for parameter in given if "=" not in parameter]
    mistakes += [_unknown(name, known) for name in names if name not in known]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [*mistakes, *(f"--param={name}=... is given twice" for name in twice)]


def _unknown(name: str, known: Collection[str]) -> str:
    alike = get_close_matches(name, known, n=1)
    hint = f"did you mean {alike[0]}?" if alike else f"there are {', '.join(sorted(known))}"
    return f"there is no parameter {name!r}; {hint}"
