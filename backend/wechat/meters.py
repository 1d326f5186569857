"""What is counted about WeChat: calls by errcode, their time, token fetches."""

from __future__ import annotations

from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram


class Meters:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "kuaimen_wechat_calls",
            "Requests to WeChat by answer: an errcode, http_<status>, timeout, network or garbled",
            ("appid", "endpoint", "errcode"),
            registry=registry,
        )
        self.seconds = Histogram(
            "kuaimen_wechat_call_seconds",
            "Time until WeChat answered",
            ("endpoint",),
            buckets=(0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 8),
            registry=registry,
        )
        self.held = Counter(
            "kuaimen_wechat_held", "Requests not sent because of our own rate limit", ("endpoint",), registry=registry
        )
        self.tokens = Counter("kuaimen_wechat_token_fetches", "Tokens asked for", ("appid", "force"), registry=registry)


@cache
def meters(registry: CollectorRegistry = REGISTRY) -> Meters:
    """The meters of `registry`: made once, since a name can be registered only once."""
    return Meters(registry)
