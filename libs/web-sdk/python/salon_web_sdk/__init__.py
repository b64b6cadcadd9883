"""Where the built browser SDK lies: `DIST / "ZegoExpressWebRTC.js"`."""

from pathlib import Path

DIST: Path = Path(__file__).parent / "dist"

__all__ = ["DIST"]
