"""Questions to the peers' environment, where `make peers` has made it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

PEERS = Path(__file__).parents[1] / ".venv-peers"
"""Environment that `make peers` makes."""


def ask_peer(what: str, path: Path, *more: str) -> dict[str, Any]:
    """Answer of a peer, see `peer.py`."""
    search = os.pathsep.join([str(PEERS / "bin"), os.environ["PATH"]])
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [PEERS / "bin" / "python", Path(__file__).parent / "peer.py", what, path, folder, *more],
            capture_output=True, text=True, check=False, env={**os.environ, "PATH": search}, cwd=folder,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"peer.py {what} {path} failed:\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])
