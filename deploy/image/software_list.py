"""The software list of an image as SPDX 2.3 JSON.

Sources: SPDX Specification 2.3, chapters 6 (document), 7 (packages) and 11 (relationships); package-url's purl-spec,
types deb and swift.
"""

import hashlib
import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from debian_packages import DebianPackage
from oci_archive import timestamp
from swift_packages import SwiftPackage


def reference(*parts: str) -> str:
    """An SPDX identifier: letters, digits, `.` and `-`."""
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(parts))


@dataclass
class SoftwareList:
    """The packages of one image. The first one is the program, which contains all others."""

    name: str
    version: str
    epoch: int
    packages: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, name: str, version: str, purl: str | None, **more: str) -> None:
        """`more` has further keys of the package. A missing location or license is NOASSERTION."""
        package: dict[str, Any] = {
            "SPDXID": reference(kind, name), "name": name, "versionInfo": version, "filesAnalyzed": False,
            "downloadLocation": "NOASSERTION", "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION", **more,
        }  # fmt: skip
        if purl:
            package["externalRefs"] = [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
            ]
        self.packages.append(package)

    def add_program(self, content: bytes) -> None:
        self.add(
            "Program", self.name, self.version, None, licenseDeclared="Apache-2.0", packageFileName=f"/{self.name}",
            primaryPackagePurpose="APPLICATION",
        )  # fmt: skip
        checksum = hashlib.sha256(content).hexdigest()
        self.packages[-1]["checksums"] = [{"algorithm": "SHA256", "checksumValue": checksum}]

    def add_swift_runtime(self, version: str) -> None:
        """The libraries that are linked into the program: standard library, Dispatch and Foundation."""
        self.add(
            "Toolchain", "swift", version, f"pkg:github/swiftlang/swift@swift-{version}-RELEASE",
            licenseDeclared="Apache-2.0 WITH Swift-exception", supplier="Organization: Swift.org",
            comment="standard library, Dispatch and Foundation, linked into the program",
        )  # fmt: skip

    def add_swift(self, package: SwiftPackage) -> None:
        place = urlsplit(package.location)
        path = place.path.strip("/").removesuffix(".git")
        self.add(
            "Swift", package.identity, package.version, f"pkg:swift/{place.hostname}/{path}@{package.version}",
            downloadLocation=f"git+{package.location}@{package.revision}", licenseDeclared=package.license,
            comment="linked into the program",
        )  # fmt: skip

    def add_debian(self, package: DebianPackage, files: list[str]) -> None:
        """`files` are the files of the package in the image or linked into the program."""
        purl = f"pkg:deb/debian/{quote(package.name)}@{quote(package.version)}?arch={package.architecture}"
        if package.source != package.name or package.source_version != package.version:
            purl += f"&upstream={quote(package.source)}%40{quote(package.source_version)}"
        self.add(
            "Debian", package.name, package.version, purl, supplier="Organization: Debian",
            sourceInfo=f"source package {package.source} {package.source_version}", comment=", ".join(sorted(files)),
        )  # fmt: skip

    def document(self) -> str:
        """The document as JSON. Its namespace depends on its content."""
        first, others = self.packages[0], sorted(self.packages[1:], key=lambda package: package["SPDXID"])
        content = json.dumps([self.epoch, first, others], sort_keys=True)
        unique = uuid.uuid5(uuid.NAMESPACE_URL, content)
        document = {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"{self.name}-{self.version}",
            "documentNamespace": f"https://spdx.org/spdxdocs/{self.name}-{self.version}-{unique}",
            "creationInfo": {"created": timestamp(self.epoch), "creators": ["Tool: sts-gateway-build-image"]},
            "packages": [first, *others],
            "relationships": [
                relationship("SPDXRef-DOCUMENT", "DESCRIBES", first["SPDXID"]),
                *(relationship(first["SPDXID"], "CONTAINS", other["SPDXID"]) for other in others),
            ],
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def relationship(one: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
