"""Numbers of the token service."""

from salon_kit.metrics import counter, gauge, histogram

VERIFICATIONS = counter(
    "token_verifications_total",
    "Verifications by result (ok, or the error's code) and form of the token (GCM, CBC, or none where it has none).",
    "result",
    "form",
)
VERIFICATION_DURATION = histogram("token_verification_duration_seconds", "From the request to the decision.")
ORDERS = counter("token_orders_total", "Orders by verb and result: ok, or the error's code.", "verb", "result")
APPS = gauge("token_apps", "Apps this instance knows and can read.")
