"""What is said of the exchange: its cost, and who is slow."""

import pytest

from wordkin.training.reports import SLOW_ROUNDS, ExchangeReport, SyncRecord


def record(training: float, between: float = 0.0, working: float = 0.0, sent: int = 0) -> SyncRecord:
    return SyncRecord(100, training, between, working, sent)


def test_shares_and_bytes():
    exchange = ExchangeReport(2)
    exchange.add([record(0.9, sent=500), record(0.9, sent=300)], str)
    exchange.add([record(0.8, 0.3, 0.1), record(0.9, 0.2, 0.1)], str)
    assert exchange.as_dict() == {
        "workers": 2,
        "rounds": 2,
        "bytes_per_token": 2.0,
        "synchronising": pytest.approx(0.5 / 4),
        "waiting": pytest.approx(0.3 / 4),
        "deviation": pytest.approx((2 * 0.05**2 / 0.85**2 / 2) ** 0.5),  # none in the first round
    }
    assert str(exchange) == (
        "2 sync rounds of 2 workers: 2 bytes a token were sent; of the workers' time 12.5% went into synchronisation, "
        "waiting for others among it 7.5%"
    )


def test_one_worker_has_no_deviation():
    exchange = ExchangeReport(1)
    assert exchange.as_dict()["deviation"] == 0
    exchange.add([record(0.9)], str)
    assert exchange.as_dict()["deviation"] == 0


def test_who_is_slow_for_long_is_named_once(caplog):
    exchange = ExchangeReport(3)
    for _ in range(SLOW_ROUNDS - 1):
        exchange.add([record(1.0), record(2.5), record(1.1)], str)
    exchange.add([record(1.0), record(1.0), record(1.0)], str)
    assert not caplog.messages
    for _ in range(2 * SLOW_ROUNDS):
        exchange.add([record(1.0), record(2.5), record(1.1)], "worker {}".format)
    assert caplog.messages == ["worker 1 is slow, and all wait for it: it takes 2.50 s a sync round, the others 1.10 s"]
