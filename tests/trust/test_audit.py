"""Test the check of licences and vulnerabilities."""

import importlib
import json
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, PackagePath, PathDistribution
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("packaging")
PLACE = Path(__file__).parents[2] / ".ci"


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PLACE)
    return importlib.import_module("audit")


@pytest.fixture
def licences(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PLACE)
    return importlib.import_module("licences")


MIT = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software "
    'and associated documentation files (the "Software"), to deal in the Software without '
    "restriction, including without limitation the rights to use, copy, modify, merge, publish, "
    "distribute, sublicense, and/or sell copies of the Software"
)
#: Excerpts of the licence texts that are long enough to distinguish them.
TEXTS = {
    "MIT": MIT,
    "BSD": "Redistribution and use in source and binary forms, with or without modification, are "
    "permitted provided that the following conditions are met: 1. Redistributions of source code "
    "must retain the above copyright notice",
    "Apache-2.0": "Apache License Version 2.0, January 2004 http://www.apache.org/licenses/",
    "MPL-2.0": 'Mozilla Public License Version 2.0 "Secondary License" means either the GNU '
    "General Public License, Version 2.0, the GNU Lesser General Public License, Version 2.1, "
    "the GNU Affero General Public License, Version 3.0",
    "GPL": "GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007 ... use the GNU Lesser General "
    "Public License instead of this License.",
    "LGPL": "GNU LESSER GENERAL PUBLIC LICENSE Version 3, 29 June 2007 ... version 3 of the GNU "
    "General Public License, supplemented by the additional permissions",
    "AGPL": "GNU AFFERO GENERAL PUBLIC LICENSE Version 3, 19 November 2007",
}


class Metadata(dict[str, Any]):
    """Metadata of a package, in which an entry may occur several times."""

    def get_all(self, name: str) -> list[str]:
        value = self.get(name, [])
        return value if isinstance(value, list) else [value]


class Installed:
    def __init__(
        self,
        name: str,
        requires: list[str] | None = None,
        *,
        version: str = "1.0",
        files: list[PackagePath] | None = None,
        **facts: Any,
    ) -> None:
        self.metadata = Metadata(Name=name, **{k.replace("_", "-"): v for k, v in facts.items()})
        self.requires = requires
        self.version = version
        self.files = files


def with_file(folder: Path, text: str, name: str = "LICENSE", **facts: Any) -> Installed:
    """Make a package whose metadata name no licence, with one licence file."""
    place = PackagePath("mystery-1.0.dist-info", name)
    written = folder / place
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(text, encoding="utf-8")
    place.dist = PathDistribution(folder / place.parts[0])
    return Installed("mystery", files=[place], License_File=[place.name], **facts)


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
        "LGPL-3.0 AND GPL-3.0",
    ],
)
def test_all_names_of_the_gpl_are_recognised(licences: ModuleType, licence: str) -> None:
    assert licences.is_gpl(licence)


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
def test_other_licences_are_not_the_gpl(licences: ModuleType, licence: str) -> None:
    assert not licences.is_gpl(licence)


def test_licences_are_read_from_every_field_that_is_used(licences: ModuleType) -> None:
    classifiers = ["Programming Language :: Python", "License :: OSI Approved :: MIT License"]
    packages = {
        "MIT AND BSD-3-Clause": Installed("a", License_Expression="MIT AND BSD-3-Clause"),
        "MIT License": Installed("a", Classifier=classifiers),
        "BSD": Installed("a", License="BSD\n\nCopyright ..."),
        "MIT": Installed("a", License=f"Copyright (c) 2020 somebody\n\n{MIT}"),
        "": Installed("a", License="UNKNOWN", Classifier=["License :: OSI Approved"]),
    }
    for expected, package in packages.items():
        assert licences.licence_of(package) == (expected, "")


@pytest.mark.parametrize(
    "text", ["LICENSE", "license.txt", "See LICENSE", "Copyright (c) us", "all rights reserved"]
)
def test_metadata_without_a_licence_give_none(licences: ModuleType, text: str) -> None:
    assert licences.licence_of(Installed("a", License=text)) == ("", "")


@pytest.mark.parametrize(("name", "text"), list(TEXTS.items()))
def test_a_licence_is_read_from_its_text(
    licences: ModuleType, tmp_path: Path, name: str, text: str
) -> None:
    assert licences.licence_in_text(text) == name
    # Real files have line breaks, indentation and comment signs.
    lines = "\n".join(f"#   {word}" for word in text.upper().split(" "))
    assert licences.licence_in_text(lines) == name
    found = with_file(tmp_path, text, "licenses/LICENSE")
    assert licences.licence_of(found) == (name, "its licence file")


def test_only_licence_files_of_the_package_itself_are_read(
    licences: ModuleType, tmp_path: Path
) -> None:
    assert licences.licence_of(with_file(tmp_path, MIT, "NEWS"))[0] == "MIT"  # it is listed
    unlisted = with_file(tmp_path, MIT, "NEWS")
    unlisted.metadata["License-File"] = []
    assert licences.licence_of(unlisted) == ("", "")


def test_a_licence_recorded_by_hand_applies_to_one_major_version(licences: ModuleType) -> None:
    (name, major), (licence, where) = next(iter(licences.RECORDED.items()))
    assert licences.licence_of(Installed(name, version=f"{major}.9")) == (licence, where)
    assert licences.licence_of(Installed(name, version=f"{major}0.1")) == ("", "")


def ours(*requires: str) -> Installed:
    return Installed(
        "napari-xrf-pigments", list(requires), Provides_Extra=["bruker"], License_Expression="BSD"
    )


def test_gpl_behind_an_extra_is_reported_but_not_a_finding(audit: ModuleType) -> None:
    find = world(
        ours("good", 'rosetta; extra == "bruker"'),
        Installed("good", License="MIT"),
        Installed("rosetta", License="GPL-3.0"),
    )
    lines, count = audit.check_licences(find)
    assert count == 0
    assert any("rosetta" in line and "behind an extra" in line for line in lines)


def test_gpl_in_any_required_dependency_is_a_finding(audit: ModuleType) -> None:
    find = world(
        ours("good"), Installed("good", ["deep"], License="MIT"), Installed("deep", License="GPLv3")
    )
    lines, count = audit.check_licences(find)
    assert count == 1
    assert any(line.startswith("FOUND: deep") for line in lines)


def test_a_missing_licence_is_a_finding(audit: ModuleType) -> None:
    lines, count = audit.check_licences(world(ours("mystery"), Installed("mystery")))
    assert count == 1
    assert lines[0].startswith("FOUND: mystery 1.0 names no licence")


def test_a_licence_file_is_accepted_if_the_metadata_name_none(
    audit: ModuleType, tmp_path: Path
) -> None:
    lines, count = audit.check_licences(world(ours("mystery"), with_file(tmp_path, MIT)))
    assert count == 0
    assert lines[0] == "mystery 1.0 names no licence; its licence file: MIT."


def test_a_licence_file_of_the_gpl_is_a_finding(audit: ModuleType, tmp_path: Path) -> None:
    _, count = audit.check_licences(world(ours("mystery"), with_file(tmp_path, TEXTS["GPL"])))
    assert count == 1


def test_an_unknown_licence_file_is_a_finding(audit: ModuleType, tmp_path: Path) -> None:
    text = "You may look at this, and do nothing else."
    lines, count = audit.check_licences(world(ours("mystery"), with_file(tmp_path, text)))
    assert count == 1
    assert lines[0].startswith("FOUND: mystery 1.0")


def test_packages_that_are_not_installed_are_reported(audit: ModuleType) -> None:
    lines, _ = audit.check_licences(world(ours("gone")))
    assert any(line.startswith("NOT CHECKED") and "gone" in line for line in lines)


def report(*entries: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(entries), "fixes": []})


def test_a_known_vulnerability_is_a_finding(audit: ModuleType) -> None:
    bad = {"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": ["CVE-1"]}
    lines, count = audit.judge_report(report({"name": "a", "version": "1", "vulns": [bad]}), 1)
    assert count == 1
    assert lines[0] == "FOUND: a 1: PYSEC-1, fixed in 1.1."


def test_an_ignored_vulnerability_is_reported_with_its_reason(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(audit.IGNORED, "CVE-1", "only its server is concerned")
    bad = {"id": "PYSEC-1", "fix_versions": [], "aliases": ["CVE-1"]}
    lines, count = audit.judge_report(report({"name": "a", "version": "1", "vulns": [bad]}), 1)
    assert count == 0
    assert "only its server is concerned" in lines[0]


@pytest.mark.parametrize("answer", ["", "no network", "{}", "[]", "null"])
def test_a_missing_answer_of_the_service_is_reported_as_not_checked(
    audit: ModuleType, answer: str
) -> None:
    lines, count = audit.judge_report(answer, 3)
    assert count == 0
    assert lines[0].startswith("NOT CHECKED")


def test_a_package_unknown_to_the_service_is_reported_as_not_checked(audit: ModuleType) -> None:
    unknown = {"name": "a", "skip_reason": "not found"}
    lines, _ = audit.judge_report(report(unknown, {"name": "b", "version": "1", "vulns": []}), 3)
    assert lines[0].startswith("NOT CHECKED: the vulnerability service has no data on 2 of 3")
    assert lines[1].startswith("Vulnerabilities: 1 of 3 packages checked")
