"""Manual pages, sample configuration and the tables in the code agree."""
import re
import subprocess

import pytest

from board import PROGRAMS, TREE


def table(file):
    """Names in a module's tables of settings, with their default or None."""
    text = (TREE / "daemon" / file).read_text()
    rows = re.findall(r'\{"([a-z_.]+)",\s*CONFIG_([A-Z]+),(.*?)\}', text, re.S)
    found = {}
    for name, kind, rest in rows:
        parts = re.findall(r'"(?:[^"\\]|\\.)*"|NULL|-?\w+(?:\([^)]*\))?', rest)
        # offset, min, max, choices, fallback, help
        texts = [part for part in parts if part[0] == '"'
                 or re.fullmatch(r"[A-Z_]+", part)]
        found[name] = None if texts[1] == "NULL" else texts[1].strip('"')
    assert found
    return found


def settings():
    """Those of briefingd.conf, its list of relays included."""
    return table("core/settings.c") | {
        f"relays.{name}": default
        for name, default in table("core/settings_relay.c").items()}


def page(name):
    """Settings that a manual page describes, with the text on each."""
    text = (TREE / "docs" / name).read_text()
    found = {}
    for names, body in re.findall(r"^\.It Cm ([a-z_., ]+)\n(.*?)(?=^\.It|^\.El)",
                                  text, re.M | re.S):
        for each in names.split(" , "):
            found[each.strip()] = " ".join(body.split())
    return found


def test_f10_each_setting_has_its_paragraph():
    assert set(settings()) == set(page("briefingd.conf.5"))


CHOICES = ("relays.tls", "relays.tls_minimum", "relays.auth",
           "relays.envelope", "board.region")


@pytest.mark.parametrize("name, default",
                         sorted(settings().items()))
def test_f10_the_manual_tells_the_default(name, default):
    text = page("briefingd.conf.5")[name]
    if default is None:
        assert text.endswith("Compulsory.")
    elif default.isdigit():
        assert f"default is {default}" in text
    elif default and name not in CHOICES:
        assert f"default is .Qq {default} ." in text
    elif default:
        assert f".Cm {default} , the default," in text
    else:
        assert "The default is" in text


def test_f10_the_manifest_is_described():
    assert set(table("core/manifest.c")) - {"file", "agency", "text", "due"} \
        <= set(page("briefing.conf.5"))


def test_f10_the_list_is_described():
    assert set(table("core/roster_conf.c")) <= set(page("briefingd-list.5"))


def test_f10_the_verbs_are_described():
    code = (TREE / "daemon/ctl/ctl.c").read_text()
    verbs = re.findall(r'^    \{"([a-z]+)", "', code, re.M)
    manual = (TREE / "docs/briefingctl.1").read_text()
    for verb in verbs:
        assert re.search(rf"^\.It Cm {verb}\b", manual, re.M), verb


def test_f10_the_sample_sets_nothing_unknown():
    text = (TREE / "config/briefingd.conf").read_text()
    found = set()
    group = None
    for line in text.splitlines():
        if match := re.match(r"([a-z]+)(?:: \{| = \()$", line):
            group = match[1]
        elif match := re.match(r"\t+#?([a-z_]+) = ", line):
            found.add(f"{group}.{match[1]}")
    assert found == set(settings())


@pytest.mark.parametrize("program", ["briefingd", "briefingctl"])
@pytest.mark.parametrize("option", ["-V", "--version"])
def test_f10_both_programs_tell_their_version(program, option):
    done = subprocess.run([PROGRAMS / program, option], capture_output=True,
                          text=True)
    assert done.returncode == 0 and done.stdout.startswith(f"{program} ")


@pytest.mark.parametrize("program", ["briefingd", "briefingctl"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_f10_both_programs_tell_their_usage(program, option):
    done = subprocess.run([PROGRAMS / program, option], capture_output=True,
                          text=True)
    assert done.returncode == 0 and done.stdout.startswith("usage: ")


@pytest.mark.parametrize("program", ["briefingd", "briefingctl"])
def test_f10_both_programs_refuse_an_unknown_option(program):
    done = subprocess.run([PROGRAMS / program, "--nonsense"],
                          capture_output=True, text=True)
    assert done.returncode == 2 and "nonsense" in done.stderr
