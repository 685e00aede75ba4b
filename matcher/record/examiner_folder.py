"""The examiner's own folder, outside every case: it contains the signing key."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_path

VARIABLE = "EVIDENCE_MATCHER_CONFIG"
"""The environment variable that names another folder."""


def signing_key_path() -> Path:
    """The path of this examiner's signing key, which may not exist yet."""
    return _folder() / "signing.key"


def sealing_secret_path() -> Path:
    """The path of the secret with which this examiner seals paths; it may not exist yet."""
    return _folder() / "sealing.secret"


def _folder() -> Path:
    folder = os.environ.get(VARIABLE)
    return Path(folder) if folder else user_config_path("evidence-matcher", appauthor=False)
