"""Metrics: the page is what Prometheus reads, says what the core said, and is served to nobody else."""

import gc
import re
import socket
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from openoutcry.daemon.logs.pipe import LogFigures
from openoutcry.daemon.masking import Masker
from openoutcry.daemon.metrics import families, process
from openoutcry.daemon.metrics.exposition import Family, histogram, render
from openoutcry.daemon.metrics.facts import CoreFacts, FactsCell, FeedFacts, Histogram
from openoutcry.daemon.metrics.pauses import GcPauses
from openoutcry.daemon.metrics.server import MetricsPage, listen_address, serve
from openoutcry.state.errors import ConfigError
from openoutcry.state.operation_config import MetricsConfig
from tests.daemon.operation.log_kit import CANARY

ROOT = Path(__file__).resolve().parents[3]


def lag(*values: float) -> Histogram:
    made = Histogram((0.001, 0.01))
    for value in values:
        made.observe(value)
    return made


FACTS = CoreFacts(
    at_s=100.0,
    ready=True,
    mode="paper",
    account='ma"in\n\\x',
    seq=1234,
    durable_seq=1230,
    inputs={"market": 1000, "report": 30},
    lag=lag(0.0005, 0.001, 0.002, 7.0).facts,
    orders={"accepted": 2, "filled": 9},
    equity={"USDT": Decimal("10000.12345678"), "BTC": Decimal("1E+2")},
    day_result=Decimal("-12.5"),
    currency="USDT",
    halted={"all": "daily loss"},
    strategies={"trend": "paused"},
    feeds={"BTCUSDT.BINANCE": FeedFacts(0.25, 5.0)},
    venues={"BINANCE": True},
    shed={"quote": 3},
    journal="full",
)


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The official parser's view of a page."""
    return {
        (s.name, frozenset(s.labels.items())): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


def test_the_page_says_what_the_core_said():
    found = samples(render(families.core(FACTS, 0.5)))

    def value(name: str, **labels: str) -> float:
        return found["openoutcry_" + name, frozenset(labels.items())]

    assert value("info", mode="paper", account='ma"in\n\\x') == 1
    assert value("inputs_total", kind="market") == 1000
    assert value("sequence") == 1234
    assert value("core_lag_seconds_bucket", le="0.001") == 2
    assert value("core_lag_seconds_bucket", le="0.01") == 3
    assert value("core_lag_seconds_bucket", le="+Inf") == value("core_lag_seconds_count") == 4
    assert value("core_lag_seconds_sum") == pytest.approx(7.0035)
    assert value("equity", currency="USDT") == 10000.12345678
    assert value("equity", currency="BTC") == 100
    assert value("day_result", currency="USDT") == -12.5
    assert value("halted", scope="all") == 1
    assert value("journal_state", state="full") == 1
    assert value("journal_state", state="running") == 0
    assert value("strategy_state", strategy="trend", state="paused") == 1
    assert value("feed_age_seconds", feed="BTCUSDT.BINANCE") == 0.25
    assert value("facts_age_seconds") == 0.5
    assert ("openoutcry_clock_skew_seconds", frozenset()) not in found


def all_families() -> list[Family]:
    figures = LogFigures({"info": 1}, 0, 0, 0, 0)
    pauses = GcPauses().families()
    return [
        *families.core(FACTS, 0.0),
        *process.families(),
        *families.logs(figures),
        *pauses,
    ]


def test_names_are_unique_and_follow_the_rules():
    names = [family.name for family in all_families()]
    assert len(set(names)) == len(names)
    for family in all_families():
        assert re.fullmatch(r"(openoutcry|process|python)_[a-z0-9_]+", family.name)
        assert not family.name.endswith(("_total", "_ms", "_us", "_count", "_sum"))
        assert family.help.endswith(".")


def test_the_page_of_the_documents_lists_every_metric():
    text = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE))
    made = {f.name + ("_total" if f.kind == "counter" else "") for f in all_families()}
    alerts = {name for name in documented if name.startswith("openoutcry_alert")}
    assert documented - alerts == made


def test_the_process_says_what_it_uses():
    found = samples(render(process.families()))
    assert found["process_resident_memory_bytes", frozenset()] > 1e6
    assert found["process_open_fds", frozenset()] >= 3
    assert found["python_gc_collections_total", frozenset({("generation", "0")})] >= 0


def test_pauses_of_the_collector_are_counted_until_nobody_asks():
    pauses = GcPauses(iter([1.0, 1.25, 9.0, 9.0]).__next__)
    pauses.start()
    gc.collect()
    pauses.close()
    pauses.close()
    gc.collect()
    seen = pauses.seen.facts
    assert (sum(seen.counts), seen.total) == (1, 0.25)


def test_without_proc_the_rest_stands(tmp_path):
    found = samples(render(process.families(tmp_path)))
    assert ("process_resident_memory_bytes", frozenset()) not in found
    assert found["openoutcry_threads", frozenset()] >= 1


@given(values=st.lists(st.floats(0, 20), max_size=30))
def test_a_histogram_counts_everything_once(values):
    made = Histogram()
    for value in values:
        made.observe(value)
    found = samples(render([histogram("h", "H.", made.facts)]))
    assert found["h_count", frozenset()] == len(values)
    assert found["h_bucket", frozenset({("le", "1.0")})] == sum(v <= 1 for v in values)


@given(label=st.text(max_size=20).filter(lambda t: "\r" not in t))
def test_any_label_comes_through(label):
    assert label.isprintable() or True
    text = render([Family("m", "gauge", "M.", (((("l", label),), 1),))])
    (family,) = text_string_to_metric_families(text)
    assert family.samples[0].labels == {"l": label}


# --- the server ---------------------------------------------------------------------------------


@pytest.fixture
def cell():
    made = FactsCell()
    made.write(FACTS)
    return made


@pytest.fixture
def server(cell):
    masker = Masker()
    masker.add(CANARY)
    config = MetricsConfig(enabled=True, listen="127.0.0.1:0", hosts=("Proxy.example",))
    made = serve(config, cell, masker=masker)
    assert made is not None
    yield made
    made.close()


def ask(port: int, request: str) -> tuple[int, str]:
    """Status and body of an answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(request.encode())
        data = b""
        while piece := client.recv(65536):
            data += piece
    head, _, body = data.decode().partition("\r\n\r\n")
    return int(head.split(" ")[1]), body


def get(
    server, path: str = "/metrics", method: str = "GET", host: str | None = None
) -> tuple[int, str]:
    named = host or f"127.0.0.1:{server.port}"
    return ask(server.port, f"{method} {path} HTTP/1.1\r\nHost: {named}\r\nAccept: */*\r\n\r\n")


def test_metrics_are_served_on_loopback(server):
    status, body = get(server)
    assert status == 200
    assert samples(body)["openoutcry_sequence", frozenset()] == 1234
    assert get(server, "/metrics?name[]=x")[0] == 200
    assert get(server, method="HEAD") == (200, "")
    assert get(server, host=f"LOCALHOST:{server.port}")[0] == 200
    assert get(server, host="proxy.EXAMPLE")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1",
                                  "localhost.evil.example:{port}", "", "[::1]"])  # fmt: skip
def test_a_name_that_was_led_here_is_refused(server, host):
    port = server.port
    status, body = ask(port, f"GET /metrics HTTP/1.1\r\nHost: {host.format(port=port)}\r\n\r\n")
    assert status == 421
    assert "openoutcry" not in body


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n", 404),
        ("GET /metrics/../x HTTP/1.1\r\nHost: {host}\r\n\r\n", 404),
        ("GET http://evil/metrics HTTP/1.1\r\nHost: {host}\r\n\r\n", 404),
        ("POST /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n", 405),
        ("DELETE /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n", 405),
        ("GET /metrics HTTP/1.1\r\n\r\n", 421),
        ("GET /metrics HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n", 421),
        ("nonsense\r\n\r\n", 400),
        ("\x00\xff \r\n\r\n", 400),
    ],
)
def test_nothing_else_is_served(server, request_, status):
    assert ask(server.port, request_.format(host=f"127.0.0.1:{server.port}"))[0] == status


def test_a_client_that_says_nothing_or_too_much_is_cut_off(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as silent:
        started = time.monotonic()
        assert silent.recv(1) == b""
        assert time.monotonic() - started < 8
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as talkative:
        try:
            talkative.sendall(b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 100_000)
            assert talkative.recv(1) == b""
        except ConnectionError:
            pass
    assert get(server)[0] == 200


def test_a_client_that_drips_is_cut_off_too(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.2) as dripping:
        started = time.monotonic()
        ended = False
        while not ended:
            assert time.monotonic() - started < 10
            try:
                dripping.send(b"G")
                ended = dripping.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True
    assert get(server)[0] == 200


def test_health_says_why_not(cell):
    now = [100.5]
    page = MetricsPage(cell, hosts=("h",), masker=Masker(), clock=lambda: now[0])
    assert page.health() == (503, "the journal is full\nall is halted\n", page.health().kind)
    cell.write(CoreFacts(at_s=100.0, ready=True))
    assert page.answer(b"GET /healthz HTTP/1.1\r\nHost: h")[:2] == (200, "ok\n")
    now[0] = 106.0
    assert page.health()[:2] == (503, "the core has been silent for 6 s\n")
    cell.write(CoreFacts(at_s=106.0))
    assert page.health()[:2] == (503, "not ready\n")
    empty = MetricsPage(FactsCell(), hosts=("h",), masker=Masker())
    assert empty.health()[:2] == (503, "not started\n")
    assert samples(empty.metrics().body)


def test_secrets_in_labels_are_masked(cell, server):
    cell.write(CoreFacts(at_s=0.0, halted={f"x{CANARY}": "y"}))
    assert "c4nary" not in get(server)[1]


def test_it_is_off_by_default_and_never_beyond_this_machine(cell):
    assert serve(MetricsConfig(), cell, masker=Masker()) is None
    assert listen_address("[::1]:9464") == ("::1", 9464)
    for text in ("0.0.0.0:9464", "9464", "127.0.0.1", "127.0.0.1:99999", "example.com:80", ":80"):
        with pytest.raises(ConfigError):
            listen_address(text)


def test_a_taken_port_is_named(cell, server):
    config = MetricsConfig(enabled=True, listen=f"127.0.0.1:{server.port}")
    with pytest.raises(ConfigError, match=str(server.port)):
        serve(config, cell, masker=Masker())


def test_closing_ends_the_thread(cell):
    made = serve(MetricsConfig(enabled=True, listen="127.0.0.1:0"), cell, masker=Masker())
    assert made is not None
    made.close()
    assert "openoutcry.metrics" not in [thread.name for thread in threading.enumerate()]
