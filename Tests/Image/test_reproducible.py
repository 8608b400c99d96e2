"""The same programs, packages and commit give the same archives in any environment."""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from layout import Archive

REPOSITORY = Path(__file__).resolve().parents[2]
OTHER_TIMES = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "12345", "PYTHONDONTWRITEBYTECODE": "1"}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def programs(images: Path, folder: Path, *packed: Archive) -> list[Path]:
    """The gateway as it was linked, which packing reads the symbols of, and the other programs from their images."""
    gateway = folder / "sts-gateway"
    shutil.copy(images.parent / "release" / gateway.name, gateway)
    found = [gateway]
    for image in packed:
        path = image.container["Entrypoint"][0]
        program = folder / Path(path).name
        program.write_bytes(image.entries()[path][1])
        program.chmod(0o700)
        found.append(program)
    return found


def pack(images: Path, image: Archive, programs: list[Path], out: Path, *more: str) -> None:
    """Packs the gateway, the sidecar and the node driver in another folder, time zone and umask."""
    gateway, sidecar, node = programs
    made = datetime.fromisoformat(image.config["created"])
    software = json.loads(next(images.glob("sts-gateway-*.spdx.json")).read_text())
    swift = next(package["versionInfo"] for package in software["packages"] if package["name"] == "swift")
    subprocess.run(
        [
            sys.executable, REPOSITORY / "deploy/image/pack.py", "--gateway", gateway, "--sidecar", sidecar,
            "--node", node,
            "--resolved", REPOSITORY / "Package.resolved", "--checkouts", images.parent / "checkouts",
            "--swift", swift, "--revision", image.container["Labels"]["org.opencontainers.image.revision"],
            "--epoch", str(int(made.timestamp())), "--out", out, *more,
        ],
        cwd=out.parent, umask=0o077, env={"PATH": os.environ["PATH"], **OTHER_TIMES}, check=True,
    )  # fmt: skip


def test_packing_again_gives_the_same_bytes(
    images: Path, gateway_image: Archive, sidecar_image: Archive, node_image: Archive, tmp_path: Path
) -> None:
    made = programs(images, tmp_path, sidecar_image, node_image)
    out = tmp_path / "again"
    pack(images, gateway_image, made, out)

    again = {file.name: digest(file.read_bytes()) for file in out.iterdir()}
    assert again == {file.name: digest(file.read_bytes()) for file in images.iterdir()}


def test_a_containerfile_is_given_the_same_files(
    images: Path, gateway_image: Archive, sidecar_image: Archive, node_image: Archive, tmp_path: Path
) -> None:
    made = programs(images, tmp_path, sidecar_image, node_image)
    pack(images, gateway_image, made, tmp_path / "roots", "--roots")
    packed = {"sts-gateway": gateway_image, "sts-sidecar": sidecar_image, "sts-node": node_image}
    for name, image in packed.items():
        root = tmp_path / "roots" / name
        written = {}
        for path in root.rglob("*"):
            mode = stat.S_IMODE(path.lstat().st_mode)
            written["/" + str(path.relative_to(root))] = (mode, digest(b"" if path.is_dir() else path.read_bytes()))
        assert written == {path: (info.mode, digest(content)) for path, (info, content) in image.entries().items()}
