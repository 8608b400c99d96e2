"""The files of the sidecar and of the node driver are the same for a workload."""

import json
import stat
import subprocess
from pathlib import Path

import child_process
import pytest
from built_programs import built_sidecar
from fault_gateway import FaultGateway
from node_program import Node, subject
from waiting import until

FILES = {"two/config.json": '{"user": "app"}', "two/a.ini": "[$]\nx=$(Y)\n", "one/credentials.json": "é"}
TOKEN = "<a token>"


def seen(folder: Path, gateway: FaultGateway) -> dict[str, tuple[str, str]]:
    """The mode and the content of each file and folder below the mount. Hidden files are the program's own."""
    found = {}
    for path in sorted(folder.rglob("[!.]*")):
        content = path.read_text() if path.is_file() else ""
        mode = stat.filemode(path.lstat().st_mode)
        found[str(path.relative_to(folder))] = (mode, TOKEN if content in gateway.issued else content)
    return found


@pytest.mark.parametrize("mode", ["0644", "0444"])
def test_the_sidecar_and_the_driver_write_the_same_files(node: Node, gateway: FaultGateway, mode: str) -> None:
    node.start(gateway.url, STS_TOKEN_MODE=mode)
    volume = node.volume()
    node.publish(volume, endpoints="one,two", context={"files": json.dumps(FILES)})
    tokens = node.folder / "tokens"
    tokens.mkdir()
    (node.folder / "subject").write_text(subject())
    process = child_process.start(
        [built_sidecar(), "run"], stderr=subprocess.DEVNULL, cwd="/",
        env={
            "STS_SERVER": gateway.url, "STS_ENDPOINTS": "one,two", "STS_FILES": json.dumps(FILES),
            "STS_TOKEN_MODE": mode, "STS_SUBJECT_TOKEN_FILE": str(node.folder / "subject"),
            "STS_TOKEN_DIRECTORY": str(tokens), "STS_CA_FILE": str(node.folder / "pki/ca.pem"),
            "STS_TERMINATION_LOG": str(node.folder / "termination"),
        },
    )  # fmt: skip
    try:
        until(lambda: all((tokens / one / "token").exists() for one in ["one", "two"]), "the sidecar's tokens")
    finally:
        child_process.kill(process)
    driver = seen(volume.target, gateway)
    assert driver == seen(tokens, gateway)
    assert driver["one/token"] == (stat.filemode(stat.S_IFREG | int(mode, 8)), TOKEN) and len(driver) == 7
