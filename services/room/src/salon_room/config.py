"""Settings of the room service."""

from pathlib import Path

from pydantic import Field, field_validator, model_validator
from salon_kit.http.trusted_proxies import TrustedProxies
from salon_kit.settings import HealthSettings, prefixed


class RoomSettings(HealthSettings):
    model_config = prefixed("SALON_ROOM_")

    health_port: int = Field(
        default=9102, ge=0, le=65535, description="TCP port of the health server; 0: any free one."
    )
    host: str = Field(default="127.0.0.1", description="Address that browsers connect to.")
    port: int = Field(default=8080, ge=0, le=65535, description="TCP port that browsers connect to; 0: any free one.")
    tls_cert: Path | None = Field(default=None, description="PEM file with the certificate chain; empty: plain HTTP.")
    tls_key: Path | None = Field(default=None, description="PEM file with the certificate's private key.")
    region: str = Field(default="", description="Where this instance is; relays of the same region are preferred.")
    presence_ttl_s: int = Field(
        default=90, ge=2, le=3600, description="Seconds without a heartbeat after which a user is logged out."
    )
    heartbeat_interval_s: float = Field(
        default=15.0, gt=0, le=600, description="Seconds between two heartbeats of a client."
    )
    hello_timeout_s: float = Field(
        default=10.0, gt=0, le=120, description="Seconds a connection may take until it is logged in."
    )
    max_connections: int = Field(default=5000, ge=1, description="WebSockets this instance takes at a time.")
    max_sockets: int = Field(
        default=8000,
        ge=1,
        description="TCP connections of browsers, encoders and proxies at a time, whatever they have sent so far.",
    )
    max_connections_per_address: int = Field(
        default=512,
        ge=0,
        description="Connections one address may have that are not logged in, counted from the accept on; 0: any "
        "number. Behind a proxy that is not in SALON_ROOM_TRUSTED_PROXIES all clients have one address.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses and networks (comma-separated) of proxies whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed; empty: nobody's.",
    )
    attempts_per_address_per_s: float = Field(
        default=200,
        ge=0,
        description="Log-in attempts of one address a second: log-ins, resumes, WHIP and WHEP requests, counted before "
        "the token is looked at; 0: any number (behind a proxy that hides addresses).",
    )
    attempts_per_address_burst: float = Field(
        default=2000, ge=1, description="Log-in attempts of one address at once, after a pause."
    )
    log_ins_per_user_per_s: float = Field(
        default=2, ge=0, description="Log-ins of one user a second, resumes and WHIP included; 0: any number."
    )
    log_ins_per_user_burst: float = Field(default=30, ge=1, description="Log-ins of one user at once.")
    log_ins_per_app: int = Field(
        default=0, ge=0, description="Log-ins of one app at a time in rooms this instance follows; 0: any number."
    )
    offers_per_user_per_s: float = Field(
        default=10,
        ge=0,
        description="SDP offers of one user a second, over all connections, WHIP and WHEP; 0: any number.",
    )
    offers_per_user_burst: float = Field(default=60, ge=1, description="SDP offers of one user at once.")
    offers_per_address_per_s: float = Field(
        default=300, ge=0, description="SDP offers of one address a second; 0: any number."
    )
    offers_per_address_burst: float = Field(default=5000, ge=1, description="SDP offers of one address at once.")
    offers_under_way_per_user: int = Field(
        default=4, ge=0, description="SDP offers of one user that are being answered at a time; 0: any number."
    )
    offers_under_way_per_address: int = Field(
        default=512, ge=0, description="SDP offers of one address that are being answered at a time; 0: any number."
    )
    peer_connections_per_user_per_s: float = Field(
        default=1, ge=0, description="New peer connections of one user a second, WHIP and WHEP included; 0: any number."
    )
    peer_connections_per_user_burst: float = Field(
        default=48, ge=1, description="New peer connections of one user at once."
    )
    streams_per_user: int = Field(
        default=16, ge=0, description="Streams one user may publish at a time; 0: any number."
    )
    streams_per_app: int = Field(
        default=0, ge=0, description="Streams of one app at a time in rooms this instance follows; 0: any number."
    )
    whep_viewers_per_user: int = Field(
        default=32, ge=0, description="WHEP viewers with tokens of one user at a time; 0: any number."
    )
    whep_viewers_per_address: int = Field(
        default=512, ge=0, description="WHEP viewers of one address at a time; 0: any number."
    )
    whep_viewers_per_app: int = Field(default=0, ge=0, description="WHEP viewers of one app at a time; 0: any number.")
    effects_streams_per_user: int = Field(
        default=2, ge=0, description="Streams of one user that may have effects at a time; 0: any number."
    )
    effects_per_user_per_s: float = Field(
        default=20, ge=0, description="Changes of effects by one user a second; 0: any number."
    )
    effects_per_user_burst: float = Field(default=40, ge=1, description="Changes of effects by one user at once.")
    mutes_per_user_per_s: float = Field(
        default=4, ge=0, description="Changes of what one user has muted a second; 0: any number."
    )
    mutes_per_user_burst: float = Field(default=40, ge=1, description="Changes of what one user has muted at once.")
    mutes_per_room_per_s: float = Field(
        default=20,
        ge=0,
        description="Changes of what is muted in one room a second, each of which is told to everybody there; 0: any "
        "number.",
    )
    mutes_per_room_burst: float = Field(
        default=300,
        ge=1,
        description="Changes of what is muted in one room at once, as when a class is asked for silence.",
    )
    event_bytes_per_user_per_s: float = Field(
        default=8192,
        ge=0,
        description="Bytes a second that what one user does may take in the event stream (messages, log-ins, streams, "
        "peer connections, effects); 0: any number.",
    )
    event_bytes_per_user_burst: float = Field(
        default=2 * 1024 * 1024, ge=65536, description="Bytes of one user's events at once."
    )
    event_bytes_per_app_per_s: float = Field(
        default=0, ge=0, description="The same for all users of one app together; 0: any number."
    )
    event_bytes_per_app_burst: float = Field(
        default=64 * 1024 * 1024, ge=65536, description="Bytes of one app's events at once."
    )
    queue_max_frames: int = Field(
        default=2048, ge=8, description="Frames that may wait for one slow reader before its socket is closed."
    )
    queue_max_bytes: int = Field(
        default=4 * 1024 * 1024, ge=65536, description="Bytes that may wait for one slow reader."
    )
    resume_max_events: int = Field(
        default=10_000, ge=1, description="Events a client may have missed and still resume; more: log in again."
    )
    relay_timeout_s: float = Field(default=5.0, gt=0, le=60, description="Seconds a relay may take to answer an offer.")
    relay_grace_s: float = Field(
        default=3.0,
        ge=0,
        le=60,
        description="Seconds NATS must be heard without a gap before a silent relay is held for lost.",
    )
    expiry_grace_s: float = Field(
        default=3.0,
        ge=0,
        le=60,
        description="Seconds NATS must be heard without a gap before lapsed leases log anybody out.",
    )
    view_linger_s: float = Field(
        default=5.0, ge=0, le=600, description="Seconds a room is followed after its last user of this instance left."
    )
    demo_app_id: int = Field(
        default=0,
        ge=0,
        le=2**32 - 1,
        description="App whose tokens /demo/token gives to anybody, best one of its own; 0: to nobody.",
    )
    demo_hosts: str = Field(
        default="",
        description="Names of this server, comma-separated, under which /demo/token may be asked, besides localhost, "
        "127.0.0.1 and ::1.",
    )
    demo_token_lifetime_s: int = Field(default=3600, ge=60, le=86_400, description="Seconds a demo token is good for.")

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: str) -> str:
        TrustedProxies.parse(value)
        return value

    @property
    def proxies(self) -> TrustedProxies:
        return TrustedProxies.parse(self.trusted_proxies)

    @property
    def demo_host_names(self) -> frozenset[str]:
        return frozenset(name.strip().strip("[]").lower() for name in self.demo_hosts.split(",") if name.strip())

    @property
    def tls(self) -> tuple[Path, Path] | None:
        return None if self.tls_cert is None or self.tls_key is None else (self.tls_cert, self.tls_key)

    @model_validator(mode="after")
    def _consistent(self) -> "RoomSettings":
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.heartbeat_interval_s * 2 > self.presence_ttl_s:
            raise ValueError("presence_ttl_s must be at least two heartbeat intervals")
        return self
