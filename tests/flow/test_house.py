"""The check of the floors must itself fail when something is wrong."""
import shutil
import subprocess

import pytest

from board import TREE


def house(folder):
    done = subprocess.run(["sh", TREE / "scripts/house", folder],
                          capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(TREE / "daemon", tmp_path / "daemon")


def test_f10_the_house_stands(copy):
    assert house(copy) == (0, "")


@pytest.mark.parametrize("file, line, complaint", [
    ("core/words.c", '#include "doors/smtp.h"', "core may not include from"),
    ("base/text.c", '#include "tools/db.h"', "base may not include from"),
    ("tools/db.c", '#include "doors/pool.h"', "tools may not include from"),
    ("core/words.c", "#include <sqlite3.h>", "<sqlite3.h> has no place in"),
    ("core/words.c", "#include <pthread.h>", "<pthread.h> has no place in"),
    ("core/words.c", " # include <time.h>", "<time.h> has no place in core"),
    ("doors/smtp.c", "#include <sqlite3.h>", "<sqlite3.h> has no place in"),
    ("tools/db.h", "#include <sqlite3.h>", "a header of ours includes"),
    ("core/words.c", '#include "words.h"', 'write "core/words.h"'),
    ("web/web.c", '#include "doors/smtp.h"', "web may not include from doors"),
    ("tools/db.c", "#include <pthread.h>", "<pthread.h> has no place in tools"),
    ("tools/json.c", "#include <sqlite3.h>",
     "<sqlite3.h> has no place in tools/json, it is for tools/db"),
])
def test_f20_a_planted_violation_fails(copy, file, line, complaint):
    path = copy / file
    path.write_text(f"{line}\n{path.read_text()}")
    code, said = house(copy)
    assert code == 1
    assert f"daemon/{file}:1: {complaint}" in said


def test_f20_a_file_without_purpose_fails(copy):
    (copy / "core/stray.c").write_text("int stray;\n")
    code, said = house(copy)
    assert code == 1
    assert "core/stray is not in HOUSE" in said


def test_f20_a_purpose_without_file_fails(copy):
    (copy / "core/words.c").unlink()
    (copy / "core/words.h").unlink()
    code, said = house(copy)
    assert code == 1
    assert "there is no core/words" in said


@pytest.mark.parametrize("old, new, complaint", [
    ("\twords ", "\tbriefing again\n\twords ",
     "core/briefing stands here a second time"),
    ("<jansson.h>", "<jansson.h> <zlib.h>",
     "tools/json does not include <zlib.h>"),
    ("\twords ", "\tmanifest\n\twords ", "core/manifest has no purpose"),
])
def test_f20_a_wrong_line_of_the_plan_fails(copy, old, new, complaint):
    plan = copy / "HOUSE"
    before, behind = plan.read_text().split(old, 1)
    plan.write_text(before + new + behind)
    code, said = house(copy)
    assert code == 1
    assert complaint in said


def test_f30_one_door_can_be_opened_to_a_floor(copy):
    path = copy / "web/web.c"
    path.write_text('#include "doors/http.h"\n' + path.read_text())
    assert "web may not include from doors" not in house(copy)[1]
