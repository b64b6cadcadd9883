from .conftest import Cloud


async def test_a_call_from_the_first_log_in_to_the_last_log_out(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    assert "users" not in alice.logged_in
    bob = await cloud.join(room, "r", "bob")
    assert [user["userId"] for user in bob.logged_in["users"]] == ["alice"]
    await alice.until_users(("ADD", "bob"))

    assert "answer" in await alice.publish("cam-a", extra_info="hello")
    await bob.until_streams(("ADD", "cam-a"))
    assert "answer" in await bob.play("cam-a")

    accepted = await bob.say("hi")
    assert int(accepted["messageAccepted"]["messageId"]) > 0
    await alice.until_texts("hi")
    assert bob.texts() == []

    assert "done" in await alice.request(unpublish={"streamId": "cam-a"})
    await bob.until_streams(("ADD", "cam-a"), ("DELETE", "cam-a"))
    assert "done" in await alice.log_out()
    assert await alice.until_closed() == 1000
    await bob.until_users(("DELETE", "alice"))
