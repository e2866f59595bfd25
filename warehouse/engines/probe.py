"""What of the fence holds on this machine: asked of a child that enters it as every query does."""

from __future__ import annotations

import tempfile
from pathlib import Path

from warehouse.engines.base import Limits
from warehouse.engines.fence import InForce
from warehouse.engines.process import Child

_LIMITS = Limits(seconds=20, rows=0, memory_mb=256, spool_mb=1)


def in_force() -> InForce:
    """Takes about a third of a second. Raises EngineUnavailable where no child can be started."""
    job = {"mode": "fence", "files": [], "memory_mb": _LIMITS.memory_mb, "spool_mb": _LIMITS.spool_mb}
    child = Child(job, limits=_LIMITS, workdir=Path(tempfile.gettempdir()))
    try:
        found = child.finish()
    finally:
        child.close()
    return InForce(landlock=found["landlock"], network=found["network"], calls=found["calls"])
