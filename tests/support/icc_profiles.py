"""Makes ICC profiles from a matrix and one gamma, as in ICC.1:2022, annex F."""

import struct

_D50 = (0.9642, 1.0, 0.8249)
Chromaticities = tuple[tuple[float, float, float], ...]


def matrix_profile(name: str, columns: Chromaticities, gamma: float) -> bytes:
    """Make a version 2 RGB display profile.

    Args:
        name: its description.
        columns: XYZ of red, green and blue, adapted to D50.
        gamma: of all three curves.
    """
    curve = b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256)) + b"\0\0"
    tags = {b"desc": _description(name), b"cprt": b"text\0\0\0\0CC0\0", b"wtpt": _xyz(_D50)}
    for letter, column in zip(b"rgb", columns, strict=True):
        tags[bytes([letter]) + b"XYZ"] = _xyz(column)
        tags[bytes([letter]) + b"TRC"] = curve
    return _assemble(tags)


def _assemble(tags: dict[bytes, bytes]) -> bytes:
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s", start + len(body), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return (header + bytes(28) + _xyz(_D50)[8:]).ljust(128, b"\0") + table + body


def _description(name: str) -> bytes:
    text = name.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(12 + 67)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">iii", *(round(value * 65536) for value in values))


DISPLAY_P3 = matrix_profile(
    "Display P3", ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)), 2.2
)
# A camera's wide gamut: so far from sRGB that a missing conversion shows.
WIDE_GAMUT = matrix_profile(
    "Wide Gamut", ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00008, 0.8249)), 1.8
)
# Linear in spite of its name: sRGB's colours (IEC 61966-2-1) without its curve.
LINEAR_SRGB = matrix_profile(
    "sRGB-elle-V2-g10.icc", ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141)), 1.0
)
