"""The files of the images."""

import re
import ssl
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest
from layout import Archive

REPOSITORY = Path(__file__).resolve().parents[2]
SHELLS = re.compile(r".*/(ba|da|a|z|k|c)?sh|.*/(busybox|toybox|perl|python[0-9.]*|apt|dpkg|curl|wget)")
Entries = dict[str, tuple[tarfile.TarInfo, bytes]]


@pytest.fixture(scope="module", params=["gateway_image", "sidecar_image", "node_image"])
def image(request: pytest.FixtureRequest) -> Archive:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def entries(image: Archive) -> Entries:
    return image.entries()


def test_root_owns_everything_and_nothing_is_writable(entries: Entries) -> None:
    for path, (info, _) in entries.items():
        assert info.isfile() or info.isdir(), f"{path} is neither a file nor a folder"
        assert (info.uid, info.gid) == (0, 0), path
        assert info.mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX) == 0, path
        assert info.mode & (0o222 if info.isfile() else 0o022) == 0, f"{path} is writable"
        assert info.mode & 0o444 == 0o444, f"{path} is not world-readable"


def test_only_the_program_and_its_shared_objects_can_be_executed(image: Archive, entries: Entries) -> None:
    executable = {path for path, (info, _) in entries.items() if info.isfile() and info.mode & 0o111}
    program = image.container["Entrypoint"][0]
    assert program in executable
    assert all(".so." in path for path in executable - {program}), executable
    assert all(content.startswith(b"\x7fELF") for path, (_, content) in entries.items() if path in executable)


def test_there_is_no_shell_and_no_interpreter(entries: Entries) -> None:
    files = {path: content for path, (info, content) in entries.items() if info.isfile()}
    completions = [path for path in files if "completion" in path]
    assert [path for path in files if SHELLS.fullmatch(path)] == []
    assert [path for path in files if files[path].startswith(b"#!") and path not in completions] == []
    assert not any(entries[path][0].mode & 0o111 for path in completions)


def test_the_sidecar_and_the_node_driver_have_no_library(sidecar_image: Archive, node_image: Archive) -> None:
    for image in [sidecar_image, node_image]:
        assert [path for path in image.entries() if ".so" in Path(path).name] == []


def test_the_gateway_has_exactly_the_shared_objects_that_the_loader_lists(gateway_image: Archive, tmp_path: Path) -> None:
    """The loader of the image lists the shared objects of the program."""
    gateway_image.extract(tmp_path)
    files = {path for path in gateway_image.entries() if ".so." in path}
    loader = next(path for path in files if Path(path).name.startswith("ld-linux"))
    named = subprocess.run(
        ["chroot", tmp_path, loader, "--list", "/sts-gateway"], capture_output=True, text=True, check=True
    ).stdout
    found = set(re.findall(r"(/\S+) \(0x", named))
    assert "not found" not in named
    assert {Path(path).name for path in files} == {Path(path).name for path in found}
    assert not any(Path(path).name.startswith("libswift") for path in files)


def test_the_gateway_has_no_icu(gateway_image: Archive) -> None:
    """Neither as a shared object nor in Foundation: the name of its data file is in both."""
    for path, (_, content) in gateway_image.entries().items():
        assert "libicu" not in path
        assert not re.search(rb"icudt\d\d", content), path


def certificates(pem: str) -> list[bytes]:
    blocks = re.findall("-----BEGIN.*?-----END CERTIFICATE-----", pem, re.S)
    return [ssl.PEM_cert_to_DER_cert(block) for block in blocks]


def test_it_trusts_only_debians_certificates(entries: Entries) -> None:
    trusted = certificates(entries["/etc/ssl/certs/ca-certificates.crt"][1].decode())
    assert len(trusted) > 100
    packaged = [file.read_text() for file in Path("/usr/share/ca-certificates/mozilla").glob("*.crt")]
    assert sorted(trusted) == sorted(certificates("".join(packaged)))


def test_its_user_has_a_name(gateway_image: Archive) -> None:
    entries = gateway_image.entries()
    users = [line.split(":") for line in entries["/etc/passwd"][1].decode().splitlines()]
    assert ["nonroot", "65532", "65532"] in [[user[0], user[2], user[3]] for user in users]
    assert all(user[6] == "/sbin/nologin" for user in users)
    assert "nonroot:x:65532:" in entries["/etc/group"][1].decode().splitlines()
    assert "hosts: files dns" in entries["/etc/nsswitch.conf"][1].decode().splitlines()


def test_the_gateway_has_completions_and_man_pages(gateway_image: Archive) -> None:
    entries = gateway_image.entries()
    assert b"complete" in entries["/usr/share/bash-completion/completions/sts-gateway"][1]
    for page in ["sts-gateway", "sts-gateway-keys-activate", "sts-gateway-serve"]:
        assert entries[f"/usr/share/man/man1/{page}.1"][1].startswith(b".TH ")


def test_the_gateway_has_the_plugins_json_of_the_repository(gateway_image: Archive, sidecar_image: Archive) -> None:
    place = gateway_image.container["WorkingDir"] + "/plugins.json"
    assert gateway_image.entries()[place][1] == (REPOSITORY / "plugins.json").read_bytes()
    assert not any(path.endswith("plugins.json") for path in sidecar_image.entries())


def test_it_contains_no_path_of_the_build_machine(entries: Entries) -> None:
    place = str(REPOSITORY).encode()
    assert [path for path, (_, content) in entries.items() if place in content] == []


def test_every_part_has_its_license(image: Archive, entries: Entries) -> None:
    title = image.container["Labels"]["org.opencontainers.image.title"]
    assert entries[f"/usr/share/doc/{title}/LICENSE"][1] == (REPOSITORY / "LICENSE").read_bytes()
    texts = [path for path in entries if path.startswith("/usr/share/doc/") and path.endswith("/copyright")]
    assert "/usr/share/doc/ca-certificates/copyright" in texts
