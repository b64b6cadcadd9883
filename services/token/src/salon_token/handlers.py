"""What the token service answers on the bus."""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import salon_kit.log
from google.protobuf.message import Message
from salon.token.v1 import token_pb2
from salon_contracts.errors import (
    AppExists,
    AppNotFound,
    BusUnavailable,
    InvalidField,
    SalonError,
    TokenAppUnknown,
)
from salon_contracts.ids import APP_ID_MAX, AppId, parse_app_id, parse_room_id, parse_stream_id, parse_user_id
from salon_contracts.subjects import Entity, command, query
from salon_kit.bus import Bus, Endpoint, Handler, RequestContext
from salon_kit.events import Events, Outbox

from salon_token import core, metrics, records
from salon_token.core import App, Minting
from salon_token.privileges import ANY_ROOM, Privileges
from salon_token.sealing import SealError
from salon_token.store import AppStore
from salon_token.token04 import Form, SealedToken, ServerSecret, new_iv, new_nonce

QUEUE: Final = "token"
_CHOICES: Final = 16
"""How many random AppIDs are tried; one is taken with a chance of (number of apps) / 4·10⁹."""
_FORMS: Final = {
    token_pb2.TOKEN_FORM_UNSPECIFIED: Form.GCM,
    token_pb2.TOKEN_FORM_GCM: Form.GCM,
    token_pb2.TOKEN_FORM_CBC: Form.CBC,
}

Request = TypeVar("Request", bound=Message)
Result = TypeVar("Result")
log = salon_kit.log.get_logger()


def unix_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class TokenHandlers:
    """Answers of one process. `finish` before stopping: an order that has begun is carried out whole."""

    store: AppStore
    events: Events
    outbox: Outbox
    now_unix_ms: Callable[[], int] = unix_ms
    _orders: set[asyncio.Task[Any]] = field(default_factory=set, init=False, repr=False)

    async def serve(self, bus: Bus) -> list[Endpoint[Any]]:
        """Joins the queue group: from now on this instance takes its share of the requests."""

        async def order(verb: str, request: type[Request], handler: Handler[Request]) -> Endpoint[Request]:
            return await bus.serve(command("token", verb), request, _counted(verb, handler), queue=QUEUE)

        return [
            await bus.serve(
                query("token", "verify-token"), token_pb2.VerifyToken, self.verify_token, queue=QUEUE, max_waiting=4096
            ),
            await bus.serve(query("token", "list-apps"), token_pb2.ListApps, self.list_apps, queue=QUEUE),
            await order("create-app", token_pb2.CreateApp, self.create_app),
            await order("rotate-secret", token_pb2.RotateSecret, self.rotate_secret),
            await order("change-policy", token_pb2.ChangePolicy, self.change_policy),
            await order("delete-app", token_pb2.DeleteApp, self.delete_app),
            await order("mint-token", token_pb2.MintToken, self.mint_token),
        ]

    async def finish(self) -> None:
        """Returns when no order is under way and every event is acknowledged, or given up and logged."""
        await asyncio.gather(*self._orders, return_exceptions=True)
        if left := await self.outbox.flush():
            log.error("app-events-lost", count=left)

    async def verify_token(self, request: token_pb2.VerifyToken, context: RequestContext) -> Message:
        counted = _Verification()
        with metrics.VERIFICATION_DURATION.time():
            try:
                allowed = await self._verify(request, counted)
                counted.result = "ok"
            except SalonError as error:
                counted.result = error.code
                log.debug("token-refused", app_id=request.app_id, err_code=error.code)
                raise
            finally:
                metrics.VERIFICATIONS.labels(result=counted.result, form=counted.form).inc()
        return token_pb2.TokenVerified(
            user_id=allowed.user_id,
            expires_at_unix_s=allowed.expires_at_unix_s,
            may_log_in=allowed.may_log_in,
            may_publish=allowed.may_publish,
            stream_ids=allowed.stream_ids,
            play_room_ids=allowed.play_room_ids,
        )

    async def list_apps(self, request: token_pb2.ListApps, context: RequestContext) -> Message:
        return token_pb2.AppList(apps=await self.store.summaries())

    async def create_app(self, request: token_pb2.CreateApp, context: RequestContext) -> Message:
        secret = ServerSecret.parse(request.server_secret) if request.server_secret else ServerSecret.new()
        policy = records.policy(request.policy)

        def new(app_id: AppId) -> App:
            return core.create(app_id, request.name, policy, secret, self.now_unix_ms())

        async def carry_out() -> App:
            app = await self._insert(new, request.app_id)
            event = token_pb2.AppCreated(app_id=app.app_id, name=app.name, policy=records.policy_message(app.policy))
            await self._record(app.app_id, event)
            return app

        app = await self._whole(carry_out())
        log.info("app-created", app_id=app.app_id)
        return token_pb2.AppCredentials(app_id=app.app_id, server_secret=secret.characters)

    async def rotate_secret(self, request: token_pb2.RotateSecret, context: RequestContext) -> Message:
        app_id = parse_app_id(request.app_id)
        secret = ServerSecret.new()

        async def carry_out() -> None:
            await self._change(app_id, lambda app: core.rotate(app, secret, request.grace_s, self.now_unix_ms()))
            await self._record(app_id, token_pb2.AppSecretRotated(app_id=app_id, grace_s=request.grace_s))

        await self._whole(carry_out())
        log.info("app-secret-rotated", app_id=app_id, grace_s=request.grace_s)
        return token_pb2.AppCredentials(app_id=app_id, server_secret=secret.characters)

    async def change_policy(self, request: token_pb2.ChangePolicy, context: RequestContext) -> Message:
        app_id = parse_app_id(request.app_id)
        change = records.policy_change(request)

        async def carry_out() -> token_pb2.AppPolicy:
            app = await self._change(app_id, lambda app: core.change_policy(app, change))
            policy = records.policy_message(app.policy)
            await self._record(app_id, token_pb2.AppPolicyChanged(app_id=app_id, policy=policy))
            return policy

        policy = await self._whole(carry_out())
        log.info("app-policy-changed", app_id=app_id)
        return token_pb2.PolicyChangedReply(policy=policy)

    async def delete_app(self, request: token_pb2.DeleteApp, context: RequestContext) -> Message:
        app_id = parse_app_id(request.app_id)

        async def carry_out() -> None:
            await self.store.delete(app_id)
            await self._record(app_id, token_pb2.AppDeleted(app_id=app_id))

        await self._whole(carry_out())
        log.info("app-deleted", app_id=app_id)
        return token_pb2.AppDeletedReply()

    async def mint_token(self, request: token_pb2.MintToken, context: RequestContext) -> Message:
        form = _FORMS.get(request.form)
        if form is None:
            raise InvalidField(field="form", problem="illegal", limit="GCM or CBC")
        order = Minting(
            parse_user_id(request.user_id),
            request.lifetime_s,
            _privileges(request.privileges) if request.HasField("privileges") else None,
            form,
        )
        app = await self._find(parse_app_id(request.app_id))
        if app is None:
            raise AppNotFound(app_id=request.app_id)
        token, expires_at_unix_s = core.mint(app, order, new_nonce(), new_iv(form), self.now_unix_ms())
        return token_pb2.MintedToken(token=token, expires_at_unix_s=expires_at_unix_s)

    async def _verify(self, request: token_pb2.VerifyToken, counted: "_Verification") -> core.Permission:
        user_id = parse_user_id(request.user_id) if request.user_id else None
        room_id = parse_room_id(request.room_id)
        token = SealedToken.parse(request.token)
        counted.form = token.form.name
        app = await self._find(AppId(request.app_id))
        if app is None:
            raise TokenAppUnknown(app_id=request.app_id)
        return core.verify(app, token, user_id, room_id, self.now_unix_ms())

    async def _find(self, app_id: AppId) -> App | None:
        try:
            return await self.store.get(app_id)
        except SealError as error:
            raise _unreadable(app_id, error) from error

    async def _change(self, app_id: AppId, decide: Callable[[App], App]) -> App:
        try:
            return await self.store.change(app_id, decide)
        except SealError as error:
            raise _unreadable(app_id, error) from error

    async def _insert(self, new: Callable[[AppId], App], wanted: int) -> App:
        """The app under the wanted AppID, or under a free one for 0. Raises AppExists."""
        if wanted:
            app = new(parse_app_id(wanted))
            await self.store.insert(app)
            return app
        for _ in range(_CHOICES):
            span = APP_ID_MAX - core.APP_ID_CHOICE_MIN + 1
            app = new(AppId(core.APP_ID_CHOICE_MIN + secrets.randbelow(span)))
            try:
                await self.store.insert(app)
            except AppExists:
                continue
            return app
        raise AppExists(app_id=app.app_id)

    async def _record(self, app_id: AppId, event: Message) -> None:
        """Appends what has happened. When NATS does not acknowledge it in time the outbox goes on: twice, not never."""
        entity = Entity(app_id, None, None, "app", None)
        try:
            await self.events.append(entity, event)
        except BusUnavailable:
            log.warning("app-event-delayed", app_id=app_id)
            self.outbox.put(entity, event)

    async def _whole(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Carries on with `work` even if the asker no longer waits: a change and its event belong together."""
        task = asyncio.create_task(work, name="order")
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)
        return await asyncio.shield(task)


@dataclass(slots=True)
class _Verification:
    """What is counted about one; "internal" until it is known better."""

    result: str = "internal"
    form: str = "none"


def _counted(verb: str, handler: Handler[Request]) -> Handler[Request]:
    async def handle(request: Request, context: RequestContext) -> Message:
        result = "internal"
        try:
            answer = await handler(request, context)
            result = "ok"
            return answer
        except SalonError as error:
            result = error.code
            raise
        finally:
            metrics.ORDERS.labels(verb=verb, result=result).inc()

    return handle


def _privileges(message: token_pb2.Privileges) -> Privileges:
    """Raises InvalidField."""
    return Privileges(
        room_id=parse_room_id(message.room_id) if message.room_id else "",
        may_log_in=message.may_log_in,
        may_publish=message.may_publish,
        stream_ids=tuple(parse_stream_id(stream_id) for stream_id in message.stream_ids),
        play_room_ids=tuple(parse_room_id(room_id) if room_id else ANY_ROOM for room_id in message.play_room_ids),
    )


def _unreadable(app_id: AppId, error: SealError) -> SalonError:
    log.error("app-secret-unreadable", app_id=app_id, problem=str(error))
    return SalonError()
