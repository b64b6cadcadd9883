"""A client that never got the answer sends its message again, on a new connection, perhaps to another instance."""

from .client import Client, Json
from .conftest import Cloud


async def said(client: Client, text: str, number: int) -> Json:
    message = {"kind": "SIGNAL_MESSAGE_KIND_BARRAGE", "text": text, "messageNumber": number}
    accepted: Json = (await client.request(sendMessage=message))["messageAccepted"]
    return accepted


async def test_at_another_instance_it_is_the_same_message_still(cloud: Cloud) -> None:
    one, two = await cloud.start_room(), await cloud.start_room()
    alice, bob = await cloud.join(one, "r", "alice"), await cloud.join(two, "r", "bob")
    first = await said(alice, "once", 1)
    await alice.drop()
    alice.url = two.ws
    await alice.open()
    assert "resumed" in await alice.resume()
    assert (await said(alice, "once", 1))["messageId"] == first["messageId"]
    await said(alice, "end", 2)
    await bob.until_texts("once", "end")


async def test_on_the_same_connection_too_however_often(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    answers = [await said(alice, "once", 7) for _ in range(4)]
    assert len({answer["messageId"] for answer in answers}) == 1
    await said(alice, "end", 8)
    await bob.until_texts("once", "end")


async def test_without_a_number_each_is_a_message_of_its_own(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    for _ in range(2):
        await said(alice, "twice", 0)
    await bob.until_texts("twice", "twice")


async def test_nobody_can_take_the_numbers_of_another(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    carol = await cloud.join(room, "r", "carol")
    await said(carol, "carol's", 1)
    await said(alice, "alice's", 1)
    await bob.until_texts("carol's", "alice's")
