"""What the pages load is pinned, complete, and laid out without scripts or hosts."""

import json
import re

import pytest
from tools import frontend


def test_every_package_is_pinned_exactly():
    package = json.loads((frontend.ROOT / "package.json").read_text())

    versions = [*package["dependencies"].values(), *package["devDependencies"].values()]

    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)


def test_the_lock_has_a_checksum_for_every_package_and_names_no_registry():
    lock = json.loads((frontend.ROOT / "package-lock.json").read_text())

    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert packages
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not [name for name, entry in packages.items() if "resolved" in entry]


def test_an_icon_that_does_not_exist_stops_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(frontend, "MODULES", tmp_path)

    with pytest.raises(SystemExit, match="no-such-icon"):
        frontend.sprite(["no-such-icon"])


def test_the_sprite_holds_each_icon_once_in_the_colour_of_its_text(tmp_path, monkeypatch):
    folder = tmp_path / "@tabler/icons/icons/outline"
    folder.mkdir(parents=True)
    (folder / "home.svg").write_text('<!-- a comment -->\n<svg width="24">\n  <path d="M1 1"/>\n</svg>\n')
    monkeypatch.setattr(frontend, "MODULES", tmp_path)

    sprite = frontend.sprite(["home"])

    assert sprite.count('<symbol id="home"') == 1
    assert '<path d="M1 1"/>' in sprite
    assert 'stroke="currentColor"' in sprite


def test_the_list_of_icons_has_no_doubles():
    names = frontend.icon_names()

    assert len(names) == len(set(names))


def test_the_fingerprint_tells_kinds_of_installation_apart():
    assert frontend.fingerprint(dev=True) != frontend.fingerprint(dev=False)
