"""The examiner's own folder, outside every case: there lies the key that signs."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_path

VARIABLE = "EVIDENCE_MATCHER_CONFIG"
"""Environment variable that names another folder."""


def signing_key_path() -> Path:
    """Where this examiner's signing key lies, or will."""
    return _folder() / "signing.key"


def sealing_secret_path() -> Path:
    """Where the secret lies, or will, with which this examiner seals paths."""
    return _folder() / "sealing.secret"


def _folder() -> Path:
    folder = os.environ.get(VARIABLE)
    return Path(folder) if folder else user_config_path("evidence-matcher", appauthor=False)
