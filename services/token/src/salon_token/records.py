"""Apps as they stand in the bucket: AppRecord with its secrets sealed."""

from dataclasses import dataclass, fields
from typing import Any

from google.protobuf.message import DecodeError
from salon.token.v1 import token_pb2
from salon_contracts.ids import AppId

from salon_token.core import App, Policy, PolicyChange, PreviousSecret
from salon_token.sealing import Sealer, SealError


def key(app_id: AppId) -> str:
    """The key of an app's record: the AppID in decimal."""
    return str(app_id)


def app_id(key: str) -> AppId:
    return AppId(int(key))


def policy_message(policy: Policy) -> token_pb2.AppPolicy:
    return token_pb2.AppPolicy(
        require_privileges=policy.require_privileges,
        max_token_age_s=policy.max_token_age_s,
        accept_cbc=policy.accept_cbc,
        allow_play_across_rooms=policy.allow_play_across_rooms,
    )


def policy(message: token_pb2.AppPolicy) -> Policy:
    return Policy(
        require_privileges=message.require_privileges,
        max_token_age_s=message.max_token_age_s,
        accept_cbc=message.accept_cbc,
        allow_play_across_rooms=message.allow_play_across_rooms,
    )


def policy_change(message: token_pb2.ChangePolicy) -> PolicyChange:
    def given(name: str) -> Any:
        return getattr(message, name) if message.HasField(name) else None  # type: ignore[arg-type]  # one of the four

    return PolicyChange(**{field.name: given(field.name) for field in fields(PolicyChange)})


def summary(key: str, value: bytes) -> token_pb2.AppSummary:
    """What may be told about a record; needs no master key."""
    try:
        record = token_pb2.AppRecord.FromString(value)
    except DecodeError:
        return token_pb2.AppSummary(app_id=app_id(key), name="(damaged)")
    return token_pb2.AppSummary(
        app_id=record.app_id,
        name=record.name,
        created_at_unix_ms=record.created_at_unix_ms,
        rotated_at_unix_ms=record.rotated_at_unix_ms,
        policy=record.policy,
    )


@dataclass(frozen=True, slots=True)
class RecordCodec:
    """Writes and reads records with one set of master keys."""

    sealer: Sealer

    def write(self, app: App) -> bytes:
        record = token_pb2.AppRecord(
            app_id=app.app_id,
            name=app.name,
            policy=policy_message(app.policy),
            created_at_unix_ms=app.created_at_unix_ms,
            rotated_at_unix_ms=app.rotated_at_unix_ms,
            secret=self.sealer.seal(app.app_id, app.secret),
        )
        if app.previous is not None:
            record.previous_secret.CopyFrom(self.sealer.seal(app.app_id, app.previous.secret))
            record.previous_secret_until_unix_ms = app.previous.until_unix_ms
        return record.SerializeToString()

    def read(self, key: str, value: bytes) -> App:
        """Raises SealError, also for a record that stands under another app's key."""
        record = self._parse(key, value)
        previous = None
        if record.HasField("previous_secret"):
            secret = self.sealer.open(app_id(key), record.previous_secret)
            previous = PreviousSecret(secret, record.previous_secret_until_unix_ms)
        return App(
            app_id=app_id(key),
            name=record.name,
            policy=policy(record.policy),
            created_at_unix_ms=record.created_at_unix_ms,
            rotated_at_unix_ms=record.rotated_at_unix_ms,
            secret=self.sealer.open(app_id(key), record.secret),
            previous=previous,
        )

    def is_present(self, key: str, value: bytes) -> bool:
        """Everything in it is sealed with the present master key. Raises SealError."""
        record = self._parse(key, value)
        sealed = [record.secret, *([record.previous_secret] if record.HasField("previous_secret") else [])]
        return all(self.sealer.is_present(secret) for secret in sealed)

    def _parse(self, key: str, value: bytes) -> token_pb2.AppRecord:
        try:
            record = token_pb2.AppRecord.FromString(value)
        except DecodeError:
            raise SealError(f"The record of app {key} is damaged; delete the app and create it again.") from None
        if str(record.app_id) != key:
            raise SealError(f"The record of app {key} belongs to app {record.app_id}.")
        return record
