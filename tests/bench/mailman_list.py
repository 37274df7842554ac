"""mailman_list.py FOLDER PORT MAILS BODY: Mailman 3 sends BODY to a list with so many
members, to each a mail of their own (personalize = individual), by its own
pipeline and outgoing runners. Prints the seconds that these took."""
import email
import shutil
import sys
import time
from pathlib import Path

from mailman.config import config
from mailman.core.initialize import initialize

CONFIGURATION = """\
[mailman]
layout: here
site_owner: owner@severnside.example
[paths.here]
var_dir: {folder}
bin_dir: /usr/bin
etc_dir: {folder}
template_dir: {folder}
[mta]
incoming: mailman.mta.null.NullMTA
smtp_host: 127.0.0.1
smtp_port: {port}
verp_personalized_deliveries: yes
"""


def make_list(members):
    from mailman.app.lifecycle import create_list
    from mailman.interfaces.domain import IDomainManager
    from mailman.interfaces.mailinglist import Personalization
    from mailman.interfaces.member import MemberRole
    from mailman.interfaces.usermanager import IUserManager
    from zope.component import getUtility

    getUtility(IDomainManager).add("severnside.example")
    police = create_list("police@severnside.example")
    police.personalize = Personalization.individual
    users = getUtility(IUserManager)
    for number in range(members):
        address = users.create_address(f"m{number}@police.example",
                                       f"Member {number}")
        police.subscribe(address, MemberRole.member)
    config.db.commit()
    return police


def run_once(name):
    """What is in that queue, by the queue's own runner."""
    from mailman.utilities.modules import find_name

    section = getattr(config, f"runner.{name}")
    runner = find_name(section["class"])(name)
    while runner._one_iteration():
        pass


def main():
    folder, port, mails, body = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir(parents=True)
    path = Path(folder) / "mailman.cfg"
    path.write_text(CONFIGURATION.format(folder=folder, port=port))
    initialize(str(path))
    police = make_list(int(mails))
    from mailman.email.message import Message

    text = email.message_from_bytes(Path(body).read_bytes(), Message)
    began = time.monotonic()
    config.switchboards["pipeline"].enqueue(text, listid=police.list_id,
                                            version=3)
    run_once("pipeline")
    run_once("out")
    print(time.monotonic() - began)


if __name__ == "__main__":
    main()
