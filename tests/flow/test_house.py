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
    ("core/link.c", '#include "doors/smtp.h"', "core may not include from"),
    ("base/text.c", '#include "tools/db.h"', "base may not include from"),
    ("tools/db.c", '#include "doors/pool.h"', "tools may not include from"),
    ("core/link.c", "#include <sqlite3.h>", "<sqlite3.h> has no place in"),
    ("core/link.c", "#include <pthread.h>", "<pthread.h> has no place in"),
    ("core/link.c", " # include <time.h>", "<time.h> has no place in core"),
    ("doors/smtp.c", "#include <sqlite3.h>", "<sqlite3.h> has no place in"),
    ("tools/db.h", "#include <sqlite3.h>", "a header of ours includes"),
    ("core/link.c", '#include "link.h"', 'write "core/link.h"'),
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
    (copy / "core/link.c").unlink()
    (copy / "core/link.h").unlink()
    code, said = house(copy)
    assert code == 1
    assert "there is no core/link" in said
