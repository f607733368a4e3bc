"""A real editor run once, with the configuration that its page in docs/editors tells people to write.

The page's code blocks are the configuration; only Python and the model are put in. A check script runs after it in the
editor and leaves what it found as JSON, which the tests then look at.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = "Once upon a time\n😀 the naïve fox 漢字.\n"


def find_editor(program, packages):
    """Return the path of an editor; absent only outside CI, where a notice says that nothing was checked."""
    path = shutil.which(program)
    if path is None:
        assert not os.environ.get("CI"), f"{program} is missing: apt-get install {packages}"
        sys.stderr.write(
            f"NOTICE: {program} is not installed, so nothing was checked (Debian: apt-get install {packages})\n"
        )
    return path


def configuration(page, language, replacements):
    """Return a page's code in a language, with replacements for what stands there once and is to be changed."""
    text = (ROOT / "docs" / "editors" / page).read_text("utf-8")
    code = "\n".join(re.findall(rf"```{language}\n(.*?)```", text, re.S))
    for old, new in replacements.items():
        assert code.count(old) == 1
        code = code.replace(old, new)
    return code


def run_editor(folder, command, files, environment, timeout_s):
    """Run an editor in a folder with these files and a story, and return what its check found."""
    for name, content in {**files, "story.txt": TEXT}.items():
        (folder / name).write_text(content, "utf-8")
    (folder / "home").mkdir()
    ours = {
        "HOME": str(folder / "home"),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'server'}",
        "TINYLM_FOUND": str(folder / "found.json"),
    }
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **ours, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert (folder / "found.json").is_file(), ran.stderr
    found = json.loads((folder / "found.json").read_text("utf-8"))
    assert "problem" not in found, f"{found['problem']}\n{ran.stderr}"
    return found
