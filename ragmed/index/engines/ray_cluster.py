"""Is there a cluster at that address, and can its machines do a build's work?"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from ragmed.errors import EngineError
from ragmed.index.engines.ray_worker import other_code

_CONNECT_S, _HEALTH_S, _NODE_S = 5, 30, 120
_CHARACTERS = 400
_HELP = "start one with: ray start --head; or leave --address out to work on this machine"


def check_address(address: str) -> None:
    """Raise `EngineError` where nothing answers at ``host:port``, or not as Ray does.

    Ray itself tries a wrong address for minutes.
    """
    if address == "auto":
        return
    if "://" in address:
        raise EngineError(f"ray: {address}: give the head's address as host:port, and run ragmed on one of its nodes")
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise EngineError(f"ray: {address!r} is no address; write host:port, as in 10.0.0.1:6379, or auto")
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise EngineError(f"ray: nothing answers at {address} ({error}); {_HELP}") from error
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    try:
        healthy = subprocess.run(command, capture_output=True, timeout=_HEALTH_S).returncode == 0
    except subprocess.TimeoutExpired:
        healthy = False
    if not healthy:
        raise EngineError(
            f"ray: what answers at {address} is not the head of a Ray cluster, or refuses this machine's token (set "
            f"RAY_AUTH_MODE and RAY_AUTH_TOKEN here as there); {_HELP}"
        )


def check_nodes(ray: Any, code: str, folder: Path) -> None:
    """Look at every node: has it ragmed, the same code, and the folder? Raises `EngineError`."""
    strategies = ray.util.scheduling_strategies

    # A function within a function travels by value: a node without ragmed can run it and say so.
    def look(folder: str, environment: dict[str, str]) -> tuple[str, bool]:
        import os

        os.environ.update(environment)
        try:
            from ragmed.index.engines.steps import code_fingerprint
        except ModuleNotFoundError as error:
            return f"missing {error.name}", False
        return code_fingerprint(), os.path.isdir(folder)

    remote = ray.remote(num_cpus=0, max_retries=1, max_calls=1)(look)
    environment = _components()
    for node in ray.nodes():
        if not node["Alive"]:
            continue
        here = strategies.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        name = node["NodeManagerHostname"]
        try:
            found, sees = ray.get(
                remote.options(scheduling_strategy=here).remote(str(folder), environment), timeout=_NODE_S
            )
        except (ray.exceptions.RayError, TimeoutError) as error:
            if not _is_alive(ray, node["NodeID"]):
                continue
            raise EngineError(one_line(f"ray: node {name} does not work ({error})")) from error
        if found.startswith("missing "):
            raise EngineError(
                f"ray: node {name} has no {found.removeprefix('missing ')}; install ragmed[ray] there as here, then "
                "restart its Ray"
            )
        if found != code:
            raise EngineError(other_code(name, found, code))
        if not sees:
            raise EngineError(
                f"ray: node {name} does not see {folder}; share the home folder among all nodes at the same path "
                "(RAGMED_HOME)"
            )


def _is_alive(ray: Any, node_id: str) -> bool:
    return any(node["Alive"] and node["NodeID"] == node_id for node in ray.nodes())


def one_line(message: str) -> str:
    """Many lines as one, cut where it gets long."""
    text = " ".join(message.split())
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"


def _components() -> dict[str, str]:
    return {name: os.environ[name] for name in ("RAGMED_COMPONENTS",) if name in os.environ}
