"""A moto server whose lists of roles have a marker as IAM's: `python moto_program.py ARGUMENTS` of `moto.server`.

Moto's own marker is a position in the list. Where a role of the first page is deleted before the second page is read,
such a list leaves one out, which IAM's does not.
"""

import sys
from typing import Any

from moto.iam.models import IAMBackend, Role
from moto.server import main


def list_roles(
    backend: IAMBackend, path_prefix: str | None = None, marker: str | None = None, max_items: Any = None
) -> tuple[list[Role], str | None]:
    """A page of the roles that follow the role with the id `marker`; the marker of the next page, None on the last."""
    found = [role for role in list(backend.roles.values()) if role.path.startswith(path_prefix or "/")]
    rest = sorted((role for role in found if marker is None or role.id > marker), key=lambda role: role.id)
    page = rest[: int(max_items or 100)]
    return page, page[-1].id if len(page) < len(rest) else None


if __name__ == "__main__":
    IAMBackend.list_roles = list_roles  # type: ignore[method-assign]
    main(sys.argv[1:])
