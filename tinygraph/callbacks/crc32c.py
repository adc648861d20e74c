"""The checksum CRC-32C, table-driven, and how TensorFlow masks it.

Source: Castagnoli, Brauer, Herrmann, "Optimization of cyclic redundancy-check codes with 24 and 32
parity bits" (1993); the polynomial is 0x1EDC6F41, here with its bits reversed.
"""

from __future__ import annotations

POLYNOMIAL = 0x82F63B78
MASK = 0xA282EAD8


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
    return byte


TABLE = tuple(_entry(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """The checksum of data."""
    check = 0xFFFFFFFF
    for byte in data:
        check = check >> 8 ^ TABLE[(check ^ byte) & 0xFF]
    return check ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """Turned and shifted, so that a checksum of data with checksums in them is no trap."""
    check = crc32c(data)
    return (check >> 15 | check << 17 & 0xFFFFFFFF) + MASK & 0xFFFFFFFF
