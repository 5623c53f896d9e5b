"""Check the licences and known vulnerabilities of all dependencies of this package.

``python .ci/audit.py`` checks the installed packages. It exits with 1 if there is a finding: a
required dependency under the GPL, an unknown licence, or a known vulnerability. Checks that could
not be made are reported as NOT CHECKED, but are no findings.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from licences import is_gpl, licence_of
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE = "napari-xrf-pigments"
#: Vulnerabilities that do not concern this package: id and reason.
IGNORED: dict[str, str] = {}


def closure(
    name: str,
    extras: Iterable[str] = (),
    find: Callable[[str], Distribution] = distribution,
) -> tuple[dict[str, Distribution], set[str]]:
    """Return the installed packages that a package requires with some extras, and missing names."""
    found: dict[str, Distribution] = {}
    missing: set[str] = set()
    pending = {(canonicalize_name(name), extra) for extra in ("", *extras)}
    done: set[tuple[str, str]] = set()
    while pending:
        key, extra = pending.pop()
        done.add((key, extra))
        try:
            package = found.get(key) or find(key)
        except PackageNotFoundError:
            missing.add(key)
            continue
        found[key] = package
        for text in package.requires or []:
            needed = Requirement(text)
            if needed.marker is not None and not needed.marker.evaluate({"extra": extra}):
                continue
            wanted = {(canonicalize_name(needed.name), e) for e in ("", *needed.extras)}
            pending |= wanted - done
    found.pop(canonicalize_name(name), None)
    return found, missing


def check_licences(find: Callable[[str], Distribution] = distribution) -> tuple[list[str], int]:
    """Return lines to print and the number of findings."""
    package = find(PACKAGE)
    extras = package.metadata.get_all("Provides-Extra") or []
    always, missing = closure(PACKAGE, (), find)
    lines, findings = [], 0
    optional: dict[str, Distribution] = {}
    for extra in extras:
        more, absent = closure(PACKAGE, [extra], find)
        optional |= more
        if absent - missing:
            names = ", ".join(sorted(absent - missing))
            lines.append(f"NOT CHECKED: the extra [{extra}] is not installed here ({names}).")
    if missing:
        lines.append(f"NOT CHECKED: not installed here: {', '.join(sorted(missing))}.")
    for name, found in sorted((optional | always).items()):
        licence, source = licence_of(found)
        if source:
            lines.append(f"{name} {found.version} names no licence; {source}: {licence}.")
        if not licence:
            findings += 1
            lines.append(
                f"FOUND: {name} {found.version} names no licence, and its licence files contain "
                "no known text."
            )
        elif is_gpl(licence) and name in always:
            findings += 1
            lines.append(f"FOUND: {name} {found.version} is {licence} and behind no extra.")
        elif is_gpl(licence):
            lines.append(f"{name} {found.version} is {licence}, behind an extra.")
    lines.append(
        f"Licences: {len(always)} packages are required, {len(optional)} belong to extras; "
        f"{findings} findings."
    )
    return lines, findings


def judge_report(report: str, requested: int) -> tuple[list[str], int]:
    """Return lines to print and the number of findings of pip-audit's JSON.

    Packages that it could not check are reported as such.
    """
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return ["NOT CHECKED: pip-audit gave no answer; vulnerabilities are unknown."], 0
    lines, findings = [], 0
    skipped = [entry["name"] for entry in packages if "skip_reason" in entry]
    for entry in packages:
        for each in entry.get("vulns", ()):
            known = {each["id"], *each.get("aliases", ())} & set(IGNORED)
            if known:
                lines.append(f"{entry['name']}: {each['id']} ignored: {IGNORED[known.pop()]}")
                continue
            findings += 1
            fixed = ", ".join(each.get("fix_versions", ())) or "no version yet"
            lines.append(
                f"FOUND: {entry['name']} {entry['version']}: {each['id']}, fixed in {fixed}."
            )
    checked = len(packages) - len(skipped)
    if checked < requested:
        names = f" ({', '.join(sorted(skipped)[:5])} ...)" if skipped else ""
        lines.append(
            f"NOT CHECKED: the vulnerability service has no data on {requested - checked} of "
            f"{requested} packages{names}."
        )
    lines.append(
        f"Vulnerabilities: {checked} of {requested} packages checked; {findings} findings."
    )
    return lines, findings


def check_vulnerabilities() -> tuple[list[str], int]:
    """Run pip-audit on all dependencies, including those of every extra."""
    extras = distribution(PACKAGE).metadata.get_all("Provides-Extra") or []
    found, _ = closure(PACKAGE, extras)
    # A local version such as 2.6+cpu is in no database.
    pins = [f"{name}=={each.version.split('+')[0]}" for name, each in sorted(found.items())]
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("\n".join(pins) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip"]
        command += ["--progress-spinner", "off", "--timeout", "15", "-f", "json", "-r", str(listed)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        except subprocess.TimeoutExpired:
            return ["NOT CHECKED: the vulnerability service did not answer in 15 minutes."], 0
    return judge_report(done.stdout, len(pins))


def main() -> int:
    """Print both reports; return 1 if there is a finding."""
    findings = 0
    for check in (check_licences, check_vulnerabilities):
        lines, found = check()
        findings += found
        print("\n".join(lines), flush=True)
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
