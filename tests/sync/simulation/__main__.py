"""`make simulate`: so many seeds, each a run of its own; the first that breaks something is printed with its trace."""

import argparse
import sys
import time
import traceback

from tests.sync.simulation.world import World

STEPS = 120


def broken(seed: int, steps: int = STEPS) -> str | None:
    """What goes wrong with this seed, with its trace; None if nothing does."""
    world: World | None = None
    try:
        world = World(seed)
        world.run(steps)
    except Exception:  # noqa: BLE001 - whatever it is, the seed is what is wanted
        told = [] if world is None else world.trace
        return "\n".join([*told[-60:], traceback.format_exc().rstrip(), f"seed {seed}, steps {steps}"])
    return None


def main() -> int:
    """Run the seeds that were asked for; 1 if one of them breaks something."""
    asked = argparse.ArgumentParser(prog="make simulate ARGS=...", description=__doc__)
    asked.add_argument("--seeds", type=int, default=300, help="how many")
    asked.add_argument("--seed", type=int, default=1, help="the first of them")
    asked.add_argument("--steps", type=int, default=STEPS, help="how long each is")
    asked.add_argument("--go-on", action="store_true", help="past broken ones, which are listed only")
    wanted = asked.parse_args()
    began, bad = time.perf_counter(), 0
    for seed in range(wanted.seed, wanted.seed + wanted.seeds):
        told = broken(seed, wanted.steps)
        if told is not None:
            bad += 1
            print("\n".join(told.splitlines()[-2:]) if wanted.go_on else told)
            if not wanted.go_on:
                return 1
    took = time.perf_counter() - began
    print(f"{wanted.seeds} seeds of {wanted.steps} steps, {bad} broken, {wanted.seeds / took:.1f} seeds per second")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
