"""The sandbox's WeChat: the gateway, and what a phone would do by itself."""

from __future__ import annotations

from urllib.parse import quote

from typing_extensions import override

from backend.wechat import EnvVersion
from backend.wechat.gateway import HttpWeChat


class PhonelessWeChat(HttpWeChat):
    """What a guest taps in a browser is told to the sandbox, as a phone tells WeChat; a link leads to its page, which
    says what WeChat would open.
    """

    @override
    def tapped(self, openid: str, template_id: str) -> None:
        """Raises WeChatFailed."""
        self._client.post("_sandbox/accept", data={"openid": openid, "template_id": template_id, "n": 1})

    @override
    def url_link(self, path: str, query: str = "", *, days: int = 30, env_version: EnvVersion | None = None) -> str:
        url = super().url_link(path, query, days=days, env_version=env_version)
        return f"{self._client.API_BASE_URL}?opened={quote(url, safe='')}"
