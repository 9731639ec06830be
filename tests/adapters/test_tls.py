"""Certificates of one's own: believed when they are given, refused in plain words when not, before anything is sent."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from climate.models import ClimateMonitor
from integrations import ask, tls
from integrations.connections.mqtt import MqttSession
from integrations.errors import Unreachable, Untrusted
from integrations.http import Http
from integrations.models import HomeAssistant, MqttBroker
from integrations.probe import probe
from tests import factories
from tests.servers.certificates import authority, issued
from tests.servers.databases import Mosquitto

from .fake_home import TOKEN, FakeHome

CA = authority()
GOOD = issued()


@pytest.fixture(autouse=True)
def _fresh():
    ask.forget()
    yield
    ask.forget()


def soon(seconds: float = 5) -> float:
    return time.monotonic() + seconds


@pytest.fixture
def secure(stub, tmp_path):
    """`secure(identity)`: a Home Assistant by https with this certificate."""
    return lambda identity=GOOD: stub(FakeHome(), tls=identity.serve(tmp_path))


def get(server, certificate: str = "") -> int:
    http = Http(server.url, name="The device", headers={"Authorization": "Bearer x"}, certificate=certificate)
    return http.request("GET", "/api/config", deadline=soon()).status


# --- HTTP -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identity", "word"),
    [
        (GOOD, "an authority this computer does not know"),
        (issued(self_signed=True), "an authority this computer does not know"),
    ],
    ids=["own authority", "self-signed"],
)
def test_a_strange_certificate_is_named(secure, identity, word):
    server = secure(identity)
    with pytest.raises(Untrusted, match=word):
        get(server)
    assert server.requests == []


@pytest.mark.parametrize(
    ("identity", "word"),
    [
        (issued(days=(-30, -1)), "has expired"),
        (issued(days=(1, 30)), "not valid yet. Is the clock of this computer right"),
        (issued(name="other.example"), "is for another name"),
        (issued(name="127.0.0.2"), "is for another name"),
    ],
    ids=["expired", "not yet", "other name", "other address"],
)
def test_what_is_wrong_with_a_certificate_of_a_known_authority(secure, identity, word):
    server = secure(identity)
    with pytest.raises(Untrusted, match=word):
        get(server, CA.pem)
    assert server.requests == []
    # Pinned it is exactly that one that is expected, whatever stands in it.
    assert get(server, identity.fingerprint) == 401


@pytest.mark.parametrize(
    "spelled",
    [
        CA.pem,
        CA.pem.replace("\n", " "),  # as an input of one line pastes it
        CA.pem.replace("\n", ""),
        f"Here it is:\n{CA.pem}\nand more:\n{issued(self_signed=True).pem}",
        GOOD.pem,
        GOOD.fingerprint,
        tls.shown(GOOD.fingerprint),
        f"SHA256:{GOOD.fingerprint.upper()}",
        f" sha-256 {tls.shown(GOOD.fingerprint).replace(':', ' ')} ",
    ],
    ids=["PEM", "spaces", "one line", "two with words", "its own", "hex", "colons", "prefix", "words"],
)
def test_a_certificate_that_was_given_is_believed(secure, spelled):
    assert get(secure(), tls.certificate(spelled)) == 401


def test_a_file_is_believed_as_its_text_is(secure, tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text(CA.pem)
    server = secure()
    assert get(server, tls.certificate(str(path))) == 401
    path.unlink()
    with pytest.raises(Untrusted, match="no file"):
        get(server, str(path))


@pytest.mark.parametrize("certificate", [issued(self_signed=True).pem, issued().fingerprint], ids=["PEM", "pin"])
def test_another_certificate_than_the_given_one_gets_nothing(secure, certificate):
    server = secure()
    with pytest.raises(Untrusted):
        get(server, certificate)
    assert server.requests == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("hello", "This is no certificate"),
        ("AB:CD", "This is no certificate"),
        ("ab" * 31, "This is no certificate"),
        ("/etc/no-such-file.pem", "There is no file /etc/no-such-file.pem"),
        ("/etc/hostname", "holds no certificate"),
        ("/dev/zero", "holds no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "holds no certificate"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "holds no certificate"),
        ("x" * 30_000, "too long"),
    ],
)
def test_a_setting_that_is_none_is_refused_in_words(text, word):
    with pytest.raises(ValueError, match=word):
        tls.certificate(text)


def test_plain_http_where_tls_was_meant(stub):
    server = stub(FakeHome())
    with pytest.raises(Unreachable, match="speaks plain http only"):
        get(type("Server", (), {"url": server.url.replace("http", "https")}), GOOD.fingerprint)


# --- Test, forms, API -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_test_button_shows_the_fingerprint_and_what_to_do_with_it(home, secure):
    server = secure(issued(self_signed=True))
    seen = probe(HomeAssistant(site=home, url=server.url, token=TOKEN))
    assert (seen.ok, seen.code) == (False, "untrusted")
    assert "only if it is the one the device itself shows" in seen.sentence
    assert server.requests == []
    pin = seen.sentence.partition("it shows is ")[2].partition(";")[0]
    assert probe(HomeAssistant(site=home, url=server.url, token=TOKEN, certificate=pin)).ok


@pytest.mark.django_db
def test_a_renewed_certificate_is_said_with_its_new_fingerprint(home, secure):
    seen = probe(HomeAssistant(site=home, url=secure().url, token=TOKEN, certificate=issued().fingerprint))
    assert "another certificate than the one whose fingerprint was entered" in seen.sentence
    assert tls.shown(GOOD.fingerprint) in seen.sentence


@pytest.mark.django_db
def test_a_web_address_is_read_through_a_certificate_of_ones_own(home, stub, tmp_path):
    server = stub(lambda request, wire: wire.answer(200, {"tC": 20.5}), tls=GOOD.serve(tmp_path))
    config = {"url": f"{server.url}/status", "json_path": "tC", "certificate": GOOD.fingerprint}
    row = ClimateMonitor(site=home, name="Hall", adapter_type="http_json", config=config)
    assert probe(row).values["temperature_celsius"] == 20.5
    row.config = {**config, "certificate": ""}
    assert tls.shown(GOOD.fingerprint) in probe(row).sentence


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["", issued().fingerprint, CA.pem], ids=["removed", "another", "an authority"])
def test_a_token_goes_to_the_pinned_certificate_alone(home, change):
    """Who may be believed at an address is part of where a secret goes."""
    row = factories.home_assistant(home, url="https://ha.local", token=TOKEN, certificate=GOOD.fingerprint)
    stored = HomeAssistant.objects.get(pk=row.pk)
    assert not stored.moved_secrets()
    stored.certificate = change
    assert set(stored.moved_secrets()) == {"token"}
    stored.certificate = tls.shown(GOOD.fingerprint)
    assert not stored.moved_secrets()


@pytest.mark.django_db
def test_the_set_up_takes_and_refuses_certificates_in_words(client, home):
    client.force_login(factories.user("anna"))
    data = {"site": str(home.pk), "name": "Broker", "host": "mqtt.local", "port": "8883", "tls": "on"}
    refused = client.post("/admin/integrations/mqttbroker/add/", {**data, "certificate": "hello"})
    assert "This is no certificate" in " ".join(refused.context["adminform"].form.errors["certificate"])
    assert client.post("/admin/integrations/mqttbroker/add/", {**data, "certificate": CA.pem}).status_code == 302
    assert MqttBroker.objects.get().certificate.startswith("-----BEGIN")


# --- MQTT -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broker(tmp_path_factory) -> Iterator[Mosquitto]:
    """A real broker by TLS."""
    server = Mosquitto(GOOD.write(tmp_path_factory.mktemp("broker")))
    yield server
    server.stop()


@pytest.mark.parametrize("certificate", [CA.pem, GOOD.fingerprint], ids=["authority", "pin"])
def test_a_broker_with_a_certificate_of_ones_own(broker, certificate):
    session = MqttSession("127.0.0.1", broker.port, tls=True, certificate=certificate)
    try:
        assert "lets us in" in session.check(soon())
    finally:
        session.close()


@pytest.mark.django_db
def test_the_test_of_a_broker_shows_its_fingerprint(home, broker):
    seen = probe(MqttBroker(site=home, host="127.0.0.1", port=broker.port, tls=True))
    assert tls.shown(GOOD.fingerprint) in seen.sentence


@pytest.mark.parametrize(
    ("certificate", "word"),
    [("", "an authority this computer does not know"), (issued().fingerprint, "another certificate than")],
    ids=["none", "another pin"],
)
def test_a_broker_that_is_not_believed_is_sent_no_password(broker, certificate, word):
    logged = len(broker.log.read_text())
    session = MqttSession("127.0.0.1", broker.port, tls=True, username="a", password=TOKEN, certificate=certificate)
    try:
        with pytest.raises(Untrusted, match=word):
            session.check(soon())
    finally:
        session.close()
    assert "New client connected" not in broker.log.read_text()[logged:]
