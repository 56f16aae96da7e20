"""What a process has in memory (Linux)."""

import re
from pathlib import Path


def resident(process: int | str = "self") -> dict[str, int]:
    """Bytes by the system's names: VmRSS now, of it RssAnon its own and RssFile mapped files'; VmHWM at most."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return {name: int(kilobytes) * 1024 for name, kilobytes in re.findall(r"(\w+):\s+(\d+) kB", status)}
