"""docs/aws.md, followed from its first command to the removal: each command as it is printed, in one shell."""

import json
import os
import re
import shutil
import stat
import sys
from pathlib import Path

import child_process
import pytest
from built_programs import REPOSITORY
from Documents.documents import commands, page
from moto_account import account_client

from .cloud import ACCOUNT, Cloud
from .test_accounts import TWO, Accounts
from .test_deprovisioning import Account
from .test_provisioning import Provisioned, provisioned  # noqa: F401

PAGE = page("aws")
POLICY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
ELSEWHERE = re.compile(r"kubectl |helm |terraform |echo 'review: ")
"""Commands that need a cluster or another program. The review and the key store of the test are in files."""

# A person at the terminal answers yes.
GATEWAY = """\
#!/bin/sh
case " $* " in
*" --plan "* | *" --output "* | *" --check "*) ;;
*) set -- "$@" --yes ;;
esac
exec %(program)s "$@" --plugins %(plugins)s
"""
# The commands of the AWS CLI on the page, with boto3.
CLI = """\
#!%(python)s
import os, sys
from pathlib import Path
sys.path.insert(0, %(peers)r)
from moto_account import account_client
words = sys.argv[1:]
if words[:2] == ["configure", "export-credentials"]:
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]:
        print(f"export {name}={os.environ[name]}")
elif words[:2] == ["sts", "get-caller-identity"]:
    print(%(account)r)
elif words[:2] == ["iam", "put-role-policy"]:
    options = dict(zip(words[2::2], words[3::2], strict=True))
    document = Path(options["--policy-document"].removeprefix("file://")).read_text()
    account_client(%(moto)r, %(account)r, "iam").put_role_policy(
        RoleName=options["--role-name"], PolicyName=options["--policy-name"], PolicyDocument=document
    )
else:
    sys.exit(f"not on the page: {words}")
"""


def write_files(folder: Path) -> None:
    """The files of the page; the name of each is in the text before it."""
    text = PAGE.read_text().partition("## Appendix: by hand")[0]
    for found in re.finditer(r"`([\w-]+\.(?:json|yaml))`[^`\n]*:\n\n```\w+\n(.*?)```", text, re.DOTALL):
        (folder / found[1]).write_text(found[2])


def main_part() -> list[str]:
    """The commands before the appendix."""
    end = PAGE.read_text().partition("## Appendix: by hand")[0].count("\n")
    return [command for line, command in commands(PAGE) if line <= end and not ELSEWHERE.match(command)]


@pytest.fixture
def folder(tmp_path: Path, provisioned: Provisioned, cloud: Cloud) -> Path:  # noqa: F811
    programs = tmp_path / "bin"
    programs.mkdir()
    values = {
        "program": provisioned.gateway.program, "plugins": REPOSITORY / "plugins.json", "python": sys.executable,
        "peers": str(REPOSITORY / "Tests/Peers"), "account": ACCOUNT, "moto": cloud.moto,
    }  # fmt: skip
    for name, content in {"sts-gateway": GATEWAY, "aws": CLI}.items():
        program = programs / name
        program.write_text(content % values)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def test_each_command_of_the_page_works(
    provisioned: Provisioned, cloud: Cloud, folder: Path  # noqa: F811
) -> None:
    write_files(folder)
    assert {"gateway.yaml", "reader-permissions.json"} <= {file.name for file in folder.iterdir()}
    # The page's endpoint with the tests' review, key store and CDN, and the further account of the page.
    own = provisioned.file.read_text()
    head = [line for line in own.splitlines(True) if line.startswith(("keyStore:", "review:"))]
    text = (folder / "gateway.yaml").read_text()
    text = re.sub(r"^review: .*\n", "".join(head), text, flags=re.MULTILINE).replace("eu-central-1", "us-east-1")
    assert "cluster: production" in text
    probe = re.search(r"^    publish:\n(?:      .*\n)+", own, re.MULTILINE)
    assert probe is not None
    accounts = Accounts(provisioned, cloud)
    further = f'    provision: {{accounts: {{"{TWO}": {{role: "arn:aws:iam::{TWO}:role/provisioning"}}}}}}\n'
    (folder / "gateway.yaml").write_text(text + probe[0] + further)
    (folder / "values.yaml").write_text("image: {}\n" + (folder / "gateway.yaml").read_text())
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    managed = account_client(cloud.moto, ACCOUNT, "iam").create_policy(
        PolicyName="AmazonS3ReadOnlyAccess",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Policy"]["Arn"]  # fmt: skip

    lines = [line.replace(POLICY, managed) for line in main_part()]
    assert len([line for line in lines if "sts-gateway " in line]) >= 12, lines
    (folder / "reader.yaml").write_text("arn:aws:iam::111111111111:role/reader\n")
    before = Account(cloud.moto).state()
    _, options = provisioned.line()
    environment = {**options["env"], "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    script = "\n".join(["set -euo pipefail", *[f"echo '+++ {n}'; {line}" for n, line in enumerate(lines)]])
    ended = child_process.run([shutil.which("bash") or "bash", "-c", script], env=environment, cwd=folder)
    numbers = [int(n) for n in re.findall(r"^\+\+\+ (\d+)$", ended.stdout, re.MULTILINE)]
    assert ended.returncode == 0, f"{lines[numbers[-1]]}\n{ended.stdout[-3000:]}{ended.stderr}"
    assert numbers == list(range(len(lines)))
    assert "ServiceAccount myns/reader" in ended.stdout
    assert Account(cloud.moto).state() == before, "the removal at the end of the page leaves nothing"
    account_client(cloud.moto, ACCOUNT, "iam").delete_policy(PolicyArn=managed)
    accounts.clear()
