"""Where this checkout keeps what it makes: one answer for root and one for an ordinary user."""

import hashlib
import os
from collections.abc import MutableMapping
from pathlib import Path

SYSTEM_ROOT = Path("/var/lib/sofy")


def checkout() -> Path:
    """The folder of the clone, or the current folder when the package was installed without one."""
    above = Path(__file__).resolve().parents[3]
    return above if (above / "pyproject.toml").exists() else Path.cwd()


def state_dir(folder: Path | None = None) -> Path:
    """Data, secrets and ports of one checkout.

    As root they live outside the checkout: PostgreSQL refuses to run as root, and the unprivileged user that runs
    it may be unable to reach a checkout below a private home.
    """
    folder = (folder or checkout()).resolve()
    if os.geteuid() != 0:
        return folder / "var"
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return SYSTEM_ROOT / digest


def private_dir(path: Path) -> Path:
    """Make a folder only its owner can enter; one that exists keeps the rights it has."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def open_dir(path: Path) -> Path:
    """Make a folder everybody may enter, whatever the umask; the levels that exist keep the rights they have."""
    missing = [level for level in (path, *path.parents) if not level.exists()]
    for level in reversed(missing):
        level.mkdir(exist_ok=True)
        level.chmod(0o755)
    return path


def prepare_environment(environ: MutableMapping[str, str] = os.environ) -> None:
    """Give the folders of this checkout to every process that starts from here, unless somebody chose others."""
    state = state_dir()
    environ.setdefault("SOFY_VAR_DIR", str(checkout() / "var"))
    environ.setdefault("SOFY_SECRETS_DIR", str(state / "secrets"))
    environ.setdefault("SOFY_MASTER_KEY_FILE", str(Path(environ["SOFY_SECRETS_DIR"]) / "master.key"))


def write_private(path: Path, content: str) -> None:
    """Write a file of mode 0600 whole or not at all."""
    private_dir(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
