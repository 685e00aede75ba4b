"""The examiner's own folder, outside every case: there lies the key that signs."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_path

VARIABLE = "EVIDENCE_MATCHER_CONFIG"
"""Environment variable that names another folder."""


def signing_key_path() -> Path:
    """Where this examiner's signing key lies, or will."""
    folder = os.environ.get(VARIABLE)
    return (Path(folder) if folder else user_config_path("evidence-matcher", appauthor=False)) / "signing.key"
