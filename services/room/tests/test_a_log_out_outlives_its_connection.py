from .conftest import Cloud
from .responders import OFFER


async def test_a_log_out_that_waits_behind_offers_is_carried_out_although_the_socket_is_gone(cloud: Cloud) -> None:
    """A person closes the page while streams are being played: no ghost may stay until the lease ends."""
    room = await cloud.start_room()
    watcher, leaver = await cloud.connect(room), await cloud.connect(room)
    assert "loggedIn" in await watcher.log_in("lobby", "watcher")
    await watcher.publish("camera")
    assert "loggedIn" in await leaver.log_in("lobby", "leaver")
    await watcher.until_users(("ADD", "leaver"))
    offer = {"peerConnectionId": "in", "sdp": OFFER, "tracks": [{"mid": "0", "streamId": "camera"}]}
    for _ in range(5):
        await leaver.send_text(leaver.send_later(play={"streamId": "camera", "offer": offer})[0])
    await leaver.send_text(leaver.send_later(logout={})[0])
    await leaver.close()

    await watcher.until_users(("ADD", "leaver"), ("DELETE", "leaver"))
