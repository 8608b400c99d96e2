"""Tests of the moto server with IAM's marker."""

from moto.iam.models import IAMBackend

from moto_program import list_roles


def test_a_role_deleted_between_two_pages_hides_no_other() -> None:
    backend = IAMBackend("global", "111111111111")
    for number in range(10):
        backend.create_role(f"role-{number}", "{}", "/", None, None, [], None)
    everything = [role.name for role in list_roles(backend, max_items=10)[0]]
    assert len(everything) == 10 and list_roles(backend, max_items=10)[1] is None

    page, marker = list_roles(backend, max_items=4)
    backend.roles = {name: role for name, role in backend.roles.items() if role.name != page[0].name}
    seen = [role.name for role in page]
    while marker:
        page, marker = list_roles(backend, "/", marker, "4")
        seen += [role.name for role in page]
    assert seen == everything
    assert list_roles(backend, "/other/") == ([], None)
