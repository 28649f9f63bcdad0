"""Argon2 parameters for this machine: as much memory as it can spare, as many passes as people wait for."""

import time
from collections.abc import Callable

from argon2.low_level import Type, hash_secret_raw

from rex_auth_edge.keys.options import Argon2Options

SHORTEST, LONGEST = 0.25, 0.5
"""Seconds that a hash should take: what a person who signs in hardly notices."""
FLOOR = Argon2Options()
"""OWASP's, below which nothing goes, however slow the machine."""

_AIM = 0.35
MOST_KIB = 64 * 1024
"""What the memory limit of the unit has room for, with two hashes at a time."""
_SHARE = 16
"""No hash takes more than this part of the machine's memory."""
_MOST_PASSES = 32
_TRIES = 3

Measure = Callable[[int, int], float]


def seconds(memory_kib: int, passes: int) -> float:
    """What one hash takes here, the shortest of three."""
    return min(_once(memory_kib, passes) for _ in range(_TRIES))


def _once(memory_kib: int, passes: int) -> float:
    before = time.perf_counter()
    hash_secret_raw(b"measured", bytes(16), passes, memory_kib, FLOOR.lanes, 32, Type.ID)
    return time.perf_counter() - before


def fitting(machine_kib: int, measure: Measure = seconds) -> tuple[int, int]:
    """KiB and passes with which a hash takes 250 to 500 ms on a machine of `machine_kib`.

    Memory goes before passes, since it is what makes guessing expensive. A machine that is too slow gets the floor.
    """
    memory = max(FLOOR.memory_kib, min(MOST_KIB, machine_kib // _SHARE // 1024 * 1024))
    while memory > FLOOR.memory_kib and measure(memory, FLOOR.passes) > LONGEST:
        memory = max(FLOOR.memory_kib, memory // 2 // 1024 * 1024)
    a_pass = measure(memory, FLOOR.passes) / FLOOR.passes
    return memory, min(_MOST_PASSES, max(FLOOR.passes, round(_AIM / a_pass)))
