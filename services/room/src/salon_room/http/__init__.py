"""Everything over HTTP: WHIP and WHEP, the demo page, the SDK file."""
