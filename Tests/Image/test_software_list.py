"""The SPDX documents comply with the specification and match the images.

Source: SPDX Specification 2.3, chapters 6, 7 and 11.
"""

import hashlib
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from layout import Archive

REPOSITORY = Path(__file__).resolve().parents[2]
Document = dict[str, Any]


@pytest.fixture(params=["gateway_image", "sidecar_image"])
def image(request: pytest.FixtureRequest) -> Archive:
    return request.getfixturevalue(request.param)


def title(image: Archive) -> str:
    return image.container["Labels"]["org.opencontainers.image.title"]


def content(image: Archive) -> bytes:
    return image.entries()[f"/usr/share/doc/{title(image)}/{title(image)}.spdx.json"][1]


def document(image: Archive) -> Document:
    return json.loads(content(image))


def packages(image: Archive, kind: str) -> dict[str, Document]:
    """The packages whose package URL has this prefix, by name."""
    found = {}
    for package in document(image)["packages"]:
        purls = [reference["referenceLocator"] for reference in package.get("externalRefs", [])]
        if any(purl.startswith(f"pkg:{kind}/") for purl in purls):
            found[package["name"]] = package
    return found


def test_the_document_beside_the_archive_is_the_one_in_the_image(image: Archive) -> None:
    beside = image.file.with_name(image.file.name.replace(".oci.tar", ".spdx.json"))
    assert beside.read_bytes() == content(image)


def test_it_complies_with_spdx(image: Archive) -> None:
    found = document(image)
    assert (found["spdxVersion"], found["dataLicense"], found["SPDXID"]) == ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT")
    assert re.fullmatch(r"https://[^#\s]+", found["documentNamespace"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["creationInfo"]["created"])
    assert all(re.match("(Tool|Person|Organization): .", creator) for creator in found["creationInfo"]["creators"])
    identifiers = [package["SPDXID"] for package in found["packages"]]
    assert len(set(identifiers)) == len(identifiers)
    for package in found["packages"]:
        assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", package["SPDXID"])
        assert package["name"] and package["versionInfo"] and package["downloadLocation"]
        assert package["filesAnalyzed"] is False
        assert package.get("supplier", "Organization: none").startswith("Organization: ")
    related = [tuple(relation.values()) for relation in found["relationships"]]
    first = identifiers[0]
    assert ("SPDXRef-DOCUMENT", "DESCRIBES", first) in related
    assert set(related[1:]) == {(first, "CONTAINS", other) for other in identifiers[1:]}


def test_its_first_package_is_the_program_in_the_image(image: Archive) -> None:
    program = document(image)["packages"][0]
    _, written = image.entries()[program["packageFileName"]]
    assert program["checksums"] == [{"algorithm": "SHA256", "checksumValue": hashlib.sha256(written).hexdigest()}]
    assert program["versionInfo"] == image.container["Labels"]["org.opencontainers.image.version"]


def test_each_shared_object_is_of_a_debian_package_in_the_list(gateway_image: Archive) -> None:
    debian = packages(gateway_image, "deb/debian")
    linked = {f"{library}, linked into the program" for library in ["libxml2.a", "libyaml.a"]}
    comments = [package["comment"] for package in debian.values()]
    assert linked <= set(comments)
    listed = {file for comment in comments if comment not in linked for file in comment.split(", ")}
    entries: dict[str, tuple[tarfile.TarInfo, bytes]] = gateway_image.entries()
    assert listed == {path for path in entries if ".so." in path} | {"/etc/ssl/certs/ca-certificates.crt"}
    assert {"libc6", "libxml2-dev", "libyaml-dev", "ca-certificates"} <= debian.keys()
    for name, package in debian.items():
        assert f"/usr/share/doc/{name}/copyright" in entries
        assert f"arch={'all' if name == 'ca-certificates' else gateway_image.config['architecture']}" in str(package)


def test_each_swift_package_is_in_the_list_with_its_license(gateway_image: Archive) -> None:
    pins = json.loads((REPOSITORY / "Package.resolved").read_text())["pins"]
    resolved = {pin["identity"]: pin["state"].get("version", pin["state"]["revision"]) for pin in pins}
    swift = packages(gateway_image, "swift")
    assert {name: package["versionInfo"] for name, package in swift.items()} == resolved
    assert {package["licenseDeclared"] for package in swift.values()} <= {
        "Apache-2.0", "Apache-2.0 WITH Swift-exception", "MIT",
    }  # fmt: skip
    entries = gateway_image.entries()
    for name in swift:
        assert any(path.startswith(f"/usr/share/doc/sts-gateway/{name}/LICENSE") for path in entries), name


def test_the_sidecars_list_has_the_libraries_that_are_linked_into_it(sidecar_image: Archive) -> None:
    assert {"libssl-dev", "libc6-dev", "ca-certificates"} <= packages(sidecar_image, "deb/debian").keys()
    assert packages(sidecar_image, "swift") == {}
    assert "swift" in packages(sidecar_image, "github/swiftlang")
