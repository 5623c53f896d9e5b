"""Find the licence of an installed package in its metadata, its licence files, or a list."""

from __future__ import annotations

import re
from importlib.metadata import Distribution

from packaging.utils import canonicalize_name

# Includes the AGPL but not the LGPL, whose libraries may be used by programs of any licence.
_GPL = re.compile(r"(?<!L)\bA?GPL|\bGNU (Affero )?General Public", re.IGNORECASE)
#: Texts in the field of the licence that name no licence.
_NO_NAME = re.compile(
    r"(unknown|copyright\b.*|all rights.*|(see|file:?)\b.*|licen[cs]es?(\.\w+)?|dual licen[cs]e)",
    re.IGNORECASE,
)
#: Names of licence files that the metadata does not list.
_FILE_NAME = re.compile(r"(un)?(licen[cs]e|copying)", re.IGNORECASE)
#: Packages of which some releases have neither a licence in the metadata nor a licence file: by
#: name and major version, the licence and its source. Other major versions must be checked again.
RECORDED = {
    ("fisx", "1"): ("MIT", "LICENSE of the source archive"),
    ("spekpy", "2"): ("MIT", "its pages at the package index"),
    ("xraylib", "4"): ("BSD-3-Clause", "license_xraylib.txt of its repository"),
}
#: Licences by sentences that their texts must all contain, in lower case with single spaces.
_SENTENCES = {
    "Apache-2.0": ("apache license,? version 2.0",),
    "AGPL": ("(gnu affero general public license version|terms of the gnu affero general public)",),
    "BSD": (
        "redistribution and use in source and binary forms, with or without modification, are "
        "permitted",
        "redistributions (of source code )?must retain the above copyright",
    ),
    "BSL-1.0": ("boost software license - version 1.0",),
    "CC0-1.0": ("cc0 1.0 universal",),
    # A list of licences names the GPL with a comma; its title and the grant do not.
    "GPL": ("(gnu general public license version [123]|terms of the gnu general public license)",),
    "HPND": (
        "permission to use, copy, modify,? and distribute this software and its documentation for "
        "any purpose",
    ),
    "ISC": (
        "permission to use, copy, modify, and(/or)? distribute this software for any purpose with "
        "or without fee is hereby granted",
    ),
    "LGPL": (
        "(gnu (lesser|library) general public license version|"
        "terms of the gnu (lesser|library) general public)",
    ),
    "MIT": (
        "permission is hereby granted, free of charge, to any person obtaining a copy",
        "the software without restriction, including without limitation the rights to use, copy, "
        "modify, merge, publish, distribute",
    ),
    "MPL-2.0": ("mozilla public license,? (version|v.) ?2.0",),
    "PSF-2.0": ("python software foundation license version 2",),
    "Unlicense": ("free and unencumbered software released into the public domain",),
    "Zlib": (
        "provided 'as-is', without any express or implied warranty",
        "altered source versions must be plainly marked as such",
    ),
}


def is_gpl(licence: str) -> bool:
    """Return whether every choice of a licence contains the GPL or AGPL."""
    choices = re.split(r"\bOR\b", licence)
    return all(_GPL.search(choice) for choice in choices)


def licence_in_text(text: str) -> str:
    """Return the names of all known licences whose text a text contains; empty if none."""
    plain = re.sub(r"[\s#*=_]+", " ", text.lower()).replace("‘", "'").replace("’", "'")
    plain = plain.replace("``", "'").replace("''", "'")
    names = [n for n, all_of in _SENTENCES.items() if all(re.search(s, plain) for s in all_of)]
    return " AND ".join(names)


def licence_in_metadata(found: Distribution) -> str:
    """Return the licence in the metadata of an installed package; empty if it names none."""
    facts = found.metadata
    expression = facts.get("License-Expression")
    if expression:
        return expression
    kinds = [
        entry.rsplit("::", 1)[1].strip()
        for entry in facts.get_all("Classifier") or []
        if entry.startswith("License ::") and not entry.endswith("OSI Approved")
    ]
    if kinds:
        return "; ".join(kinds)
    text = (facts.get("License") or "").strip()
    # Some packages put the whole text there; otherwise the first line is the name.
    first = text.splitlines()[0].strip()[:80] if text else ""
    return licence_in_text(text) or ("" if _NO_NAME.fullmatch(first) else first)


def licence_in_files(found: Distribution) -> str:
    """Return the licences in the licence files of a package; empty if none is known."""
    listed = set(found.metadata.get_all("License-File") or [])
    names: list[str] = []
    for path in found.files or []:
        if not path.parent.name.endswith(".dist-info") and ".dist-info/licenses" not in str(path):
            continue
        if not _FILE_NAME.match(path.name) and path.name not in listed:
            continue
        licences = licence_in_text(path.locate().read_text(encoding="utf-8", errors="replace"))
        names += [name for name in licences.split(" AND ") if name and name not in names]
    return " AND ".join(names)


def licence_of(found: Distribution) -> tuple[str, str]:
    """Find the licence of an installed package.

    Returns
    -------
    licence : str
        Name of the licence; empty if unknown.
    source : str
        Source of the licence; empty if it is in the metadata.
    """
    if licence := licence_in_metadata(found):
        return licence, ""
    if licence := licence_in_files(found):
        return licence, "its licence file"
    key = canonicalize_name(found.metadata["Name"]), found.version.split(".")[0]
    return RECORDED.get(key, ("", ""))
