import httpx
import pytest
from salon_kit.health import Health
from salon_kit.metrics import counter, gauge, histogram


def client(health: Health) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=health.app), base_url="http://here")


async def test_ready_and_not() -> None:
    health = Health()
    reason: list[str | None] = ["NATS cannot be reached"]
    health.add_check("nats", lambda: reason[0])
    async with client(health) as http:
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "reasons": {"nats": "NATS cannot be reached"}}
        assert (await http.get("/healthz")).status_code == 200
        reason[0] = None
        answer = await http.get("/readyz")
        assert answer.status_code == 200
        assert answer.json() == {"ready": True, "reasons": {}}
        health.set_draining()
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["reasons"] == {"draining": "the process is stopping"}
    with pytest.raises(ValueError, match="already"):
        health.add_check("nats", lambda: None)


async def test_metrics_are_shown_and_named_with_units() -> None:
    counter("test_things_total", "Things.", "kind").labels(kind="a").inc()
    gauge("test_waiting_events", "Waiting.").set(3)
    histogram("test_wait_seconds", "Waits.").observe(0.1)
    async with client(Health()) as http:
        text = (await http.get("/internal/metrics")).text
    assert 'salon_test_things_total{kind="a"} 1.0' in text
    assert "salon_test_waiting_events 3.0" in text
    assert "salon_test_wait_seconds_bucket" in text
    assert "salon_bus_connected_connections" in text
    for make, name in ((counter, "test_things"), (histogram, "test_wait"), (gauge, "Test_x"), (gauge, "test")):
        with pytest.raises(ValueError, match="unit"):
            make(name, "")


async def test_nothing_else_is_there() -> None:
    async with client(Health()) as http:
        assert (await http.get("/")).status_code == 404
        assert (await http.post("/healthz")).status_code == 405
        answer = await http.head("/healthz")
        assert answer.status_code == 200
        assert answer.content == b""
