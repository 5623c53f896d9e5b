"""The check of licences and vulnerabilities: it finds, and never keeps silent."""

import importlib.util
import json
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("packaging")
PLACE = Path(__file__).parents[2] / ".ci" / "audit.py"


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", PLACE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Metadata(dict[str, Any]):
    """Like an e-mail's header: an entry may come several times."""

    def get_all(self, name: str) -> list[str]:
        value = self.get(name, [])
        return value if isinstance(value, list) else [value]


class Installed:
    def __init__(self, name: str, requires: list[str] | None = None, **facts: Any) -> None:
        self.metadata = Metadata(Name=name, **{k.replace("_", "-"): v for k, v in facts.items()})
        self.requires = requires
        self.version = "1.0"


def world(*packages: Installed) -> Callable[[str], Installed]:
    known = {package.metadata["Name"]: package for package in packages}

    def find(name: str) -> Installed:
        if name not in known:
            raise PackageNotFoundError(name)
        return known[name]

    return find


@pytest.mark.parametrize(
    "licence",
    [
        "GPL-3.0-only",
        "GPL-2.0-or-later",
        "AGPL-3.0",
        "GNU General Public License v3 (GPLv3)",
        "GNU Affero General Public License v3",
        "GPLv2+",
        "GPL-2.0 OR AGPL-3.0",
    ],
)
def test_the_gpl_is_known_by_all_its_names(audit: ModuleType, licence: str) -> None:
    assert audit.is_gpl(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "MIT",
        "LGPL-3.0",
        "LGPL v3",
        "GNU Lesser General Public License v3 (LGPLv3)",
        "MIT OR GPL-2.0",
        "Apache-2.0 AND MIT",
    ],
)
def test_other_licences_are_not_the_gpl(audit: ModuleType, licence: str) -> None:
    assert not audit.is_gpl(licence)


def test_licences_are_read_from_every_field_that_is_used(audit: ModuleType) -> None:
    classifiers = ["Programming Language :: Python", "License :: OSI Approved :: MIT License"]
    told = {
        "MIT AND BSD-3-Clause": Installed("a", License_Expression="MIT AND BSD-3-Clause"),
        "MIT License": Installed("a", Classifier=classifiers),
        "BSD": Installed("a", License="BSD\n\nCopyright ..."),
        "": Installed("a", License="UNKNOWN", Classifier=["License :: OSI Approved"]),
    }
    for expected, package in told.items():
        assert audit.licence_of(package) == expected


def ours(*requires: str) -> Installed:
    return Installed(
        "napari-xrf-pigments", list(requires), Provides_Extra=["bruker"], License_Expression="BSD"
    )


def test_gpl_behind_an_extra_is_told_and_no_finding(audit: ModuleType) -> None:
    find = world(
        ours("good", 'rosetta; extra == "bruker"'),
        Installed("good", License="MIT"),
        Installed("rosetta", License="GPL-3.0"),
    )
    lines, count = audit.check_licences(find)
    assert count == 0
    assert any("rosetta" in line and "behind an extra" in line for line in lines)


def test_gpl_that_always_comes_along_is_a_finding_however_deep(audit: ModuleType) -> None:
    find = world(
        ours("good"), Installed("good", ["deep"], License="MIT"), Installed("deep", License="GPLv3")
    )
    lines, count = audit.check_licences(find)
    assert count == 1
    assert any(line.startswith("FOUND: deep") for line in lines)


def test_no_licence_is_a_finding(audit: ModuleType) -> None:
    lines, count = audit.check_licences(world(ours("mystery"), Installed("mystery")))
    assert count == 1
    assert "FOUND: mystery 1.0 names no licence." in lines


def test_what_is_not_installed_is_said(audit: ModuleType) -> None:
    lines, _ = audit.check_licences(world(ours("gone")))
    assert any(line.startswith("NOT CHECKED") and "gone" in line for line in lines)


def report(*entries: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(entries), "fixes": []})


def test_a_known_vulnerability_is_a_finding(audit: ModuleType) -> None:
    bad = {"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": ["CVE-1"]}
    lines, count = audit.judge_report(report({"name": "a", "version": "1", "vulns": [bad]}), 1)
    assert count == 1
    assert lines[0] == "FOUND: a 1: PYSEC-1, fixed in 1.1."


def test_an_ignored_one_is_told_with_its_reason(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(audit.IGNORED, "CVE-1", "only its server is concerned")
    bad = {"id": "PYSEC-1", "fix_versions": [], "aliases": ["CVE-1"]}
    lines, count = audit.judge_report(report({"name": "a", "version": "1", "vulns": [bad]}), 1)
    assert count == 0
    assert "only its server is concerned" in lines[0]


@pytest.mark.parametrize("answer", ["", "no network", "{}", "[]", "null"])
def test_no_answer_is_said_and_is_not_good_news(audit: ModuleType, answer: str) -> None:
    lines, count = audit.judge_report(answer, 3)
    assert count == 0
    assert lines[0].startswith("NOT CHECKED")


def test_a_package_that_the_service_does_not_know_was_not_checked(audit: ModuleType) -> None:
    unknown = {"name": "a", "skip_reason": "not found"}
    lines, _ = audit.judge_report(report(unknown, {"name": "b", "version": "1", "vulns": []}), 3)
    assert lines[0].startswith("NOT CHECKED: the vulnerability service told nothing of 2 of 3")
    assert lines[1].startswith("Vulnerabilities: 1 of 3 packages checked")
