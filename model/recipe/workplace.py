"""Where the stages read and write, and how they fail: one sentence that says what is missing and what to do."""
import contextlib
import errno
import hashlib
import os
import sys
from pathlib import Path

RECIPE = Path(__file__).resolve().parent
REPOSITORY = RECIPE.parents[1]
# All intermediate files; RECIPE_WORK moves them. Git ignores the default.
WORK = Path(os.environ.get("RECIPE_WORK", REPOSITORY / ".cache" / "recipe"))
# The relevance sets (licences in the card); RECIPE_DATA moves them.
DATA = Path(os.environ.get("RECIPE_DATA", REPOSITORY / ".." / "shared" / "data" / "rerank"))
SHIPPED = REPOSITORY / "model"


@contextlib.contextmanager
def stage(name):
    """Runs a stage; known mishaps end it with one sentence instead of a traceback."""
    try:
        WORK.mkdir(parents=True, exist_ok=True)
        yield
    except ModuleNotFoundError as missing:
        sys.exit(f"{name}: the Python package {missing.name} is not installed: pip install -r model/recipe/requirements.txt")
    except Unusable as reason:
        sys.exit(f"{name}: {reason}")
    except KeyboardInterrupt:
        sys.exit(f"{name}: stopped; run the same command again, it goes on from its last checkpoint")
    except (OSError, RuntimeError) as failure:
        # torch.save says of a full disk no more than that its stream broke.
        is_full = getattr(failure, "errno", None) == errno.ENOSPC or "iostream error" in str(failure) or "inline_container" in str(failure)
        if not is_full:
            raise
        sys.exit(f"{name}: no room left on {WORK}; free some or set RECIPE_WORK to another disk, then run the same command again")


class Unusable(Exception):
    """Something a person has to put right."""


def wanted(path, made_by):
    """`path`, if the stage that makes it has run."""
    if not Path(path).exists():
        raise Unusable(f"{path} is missing; run first: python model/recipe/{made_by}")
    return Path(path)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def checked(path, expected):
    """`path`, if its bytes are the expected ones."""
    if not Path(path).exists():
        raise Unusable(f"{path} is missing; install or fetch it again")
    found = sha256(path)
    if found != expected:
        raise Unusable(f"{path}: expected sha256 {expected}, found {found}; install or fetch it again")
    return Path(path)


@contextlib.contextmanager
def whole_file(path):
    """A path to write to, that becomes `path` only when all of it is there: a killed stage leaves no half file."""
    part = Path(path).with_name(Path(path).name + ".part")
    yield part
    part.replace(path)
