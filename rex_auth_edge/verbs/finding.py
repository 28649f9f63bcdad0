"""What one of doctor's checks has found."""

from dataclasses import asdict, dataclass
from typing import Any

OK, WARN, FAIL, SKIPPED = "ok", "warn", "fail", "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome: what was seen, and, unless all is well, what to do."""

    check: str
    level: str
    seen: str
    advice: str = ""

    def spoken(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)
