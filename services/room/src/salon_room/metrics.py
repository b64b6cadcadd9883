"""What the room service counts."""

from salon_kit.metrics import counter, gauge, histogram

CONNECTIONS = gauge("room_connections_sockets", "WebSockets that are open.")
SESSIONS = gauge("room_sessions_users", "Log-ins this instance holds.")
VIEWS = gauge("room_views_rooms", "Room sessions this instance follows.")
LOGINS = counter("room_logins_total", "Log-ins by result: ok or the error's stable name.", "result")
LOGIN_SECONDS = histogram("room_login_seconds", "From the Login frame to the LoggedIn reply.")
RESUMES = counter("room_resumes_total", "Resumes by result: ok or the error's stable name.", "result")
REQUESTS = counter("room_requests_total", "Requests of logged-in clients by kind and result.", "kind", "result")
NEGOTIATE_SECONDS = histogram("room_negotiate_seconds", "From an offer to the relay's answer.")
SET_EFFECTS_SECONDS = histogram("room_set_effects_seconds", "From an order about effects to the relay's answer.")
NOTICES = counter("room_notices_total", "Frames queued for clients because of events.")
MALFORMED = counter("room_malformed_frames_total", "Frames that could not be read.")
CLOSES = counter("room_closes_total", "WebSockets closed by the server, by close code.", "code")
EXPIRED = counter("room_expired_logins_total", "Log-ins ended because their lease ran out.")
REPAIRS = counter("room_repairs_total", "Events appended to put a room right, by type.", "type")
EVENTS_REMOVED = counter("room_events_removed_total", "Events removed because they are old and not alive.")
RELAYS = gauge("room_relays_relays", "Media relays that announce themselves.")
BUGS = counter("room_session_bugs_total", "Sessions discarded because of a bug.")
