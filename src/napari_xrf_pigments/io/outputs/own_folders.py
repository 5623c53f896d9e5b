"""Folders that this program wrote, and files of other origin in them."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

#: Files that file managers leave in any folder.
_OF_THE_SYSTEM = {".DS_Store", "Thumbs.db", "desktop.ini"}
_NAMED = 3


def is_own_folder(folder: Path, index: str, marker: str, kind: str, suffix: str) -> bool:
    """Return whether a folder has the index that this program writes beside one file per map.

    Parameters
    ----------
    folder : Path
        The folder.
    index : str
        Name of the index in it, a JSON file.
    marker, kind : str
        Key of the index, and the value that it must have.
    suffix : str
        Suffix of the files of the maps.
    """
    try:
        content = json.loads((folder / index).read_text(encoding="utf-8"))
        own = content.get(marker) == kind
        return own and all(str(name).endswith(suffix) for name in content["files"])
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return False


def foreign_files(folder: Path, index: str) -> list[str]:
    """List the names in a folder that neither its index lists nor the system left there."""
    content = json.loads((folder / index).read_text(encoding="utf-8"))
    known = {index, *content["files"], *content.get("companions", ())} | _OF_THE_SYSTEM
    return sorted(entry.name for entry in folder.iterdir() if entry.name not in known)


def foreign_in_store(store: Path, members: Collection[str] | None = None) -> list[str]:
    """List the files and folders of a Zarr group that are no part of it.

    Parameters
    ----------
    store : Path
        Folder of the group (Zarr format 3).
    members : collection of str, optional
        Names of the arrays and groups that it may hold; None for any.
    """
    foreign = []
    for path, folders, files in os.walk(store):
        inside = Path(path).relative_to(store)
        for name in list(folders):
            member = inside / name
            in_array = "c" in member.parts[1:] or name == "c"
            own = in_array or (store / member / "zarr.json").is_file()
            strange = not inside.parts and members is not None and name not in members
            if not own or strange or (store / member).is_symlink():
                foreign.append(str(member))
                folders.remove(name)
        for name in files:
            chunk = name == "c" or ("c" in inside.parts and name.isdigit())
            if name != "zarr.json" and not chunk and name not in _OF_THE_SYSTEM:
                foreign.append(str(inside / name))
    return sorted(foreign)


def refuse_foreign(target: Path, foreign: Collection[str]) -> None:
    """Refuse to replace a folder that holds anything which this program did not write.

    Raises
    ------
    FileExistsError
        If there is anything, with the first names.
    """
    if not foreign:
        return
    first = ", ".join(sorted(foreign)[:_NAMED])
    more = "" if len(foreign) <= _NAMED else f" and {len(foreign) - _NAMED} more"
    raise FileExistsError(
        f"{target.name} holds files that this program did not write ({first}{more}), so it was "
        "left as it is; move them to another folder, or choose another name."
    )
