"""Settings of the token service."""

from pydantic import Field, SecretStr, field_validator
from salon_kit.settings import HealthSettings, prefixed

from salon_token.sealing import MasterKey, Sealer


class TokenSettings(HealthSettings):
    model_config = prefixed("SALON_TOKEN_")

    health_port: int = Field(
        default=9101, ge=0, le=65535, description="TCP port of the health server; 0: any free one."
    )
    master_key: SecretStr = Field(
        description="Seals every ServerSecret at rest: 32 random bytes as 64 hex characters (`openssl rand -hex 32`)."
    )
    previous_master_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Older master keys, comma-separated: what they sealed is sealed with the present one at start.",
    )

    @field_validator("master_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        MasterKey.from_hex(value.get_secret_value())
        return value

    @field_validator("previous_master_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        for text in _keys(value):
            MasterKey.from_hex(text)
        return value

    def sealer(self) -> Sealer:
        present = MasterKey.from_hex(self.master_key.get_secret_value())
        return Sealer(present, [MasterKey.from_hex(text) for text in _keys(self.previous_master_keys)])


def _keys(value: SecretStr) -> list[str]:
    return [text.strip() for text in value.get_secret_value().split(",") if text.strip()]
