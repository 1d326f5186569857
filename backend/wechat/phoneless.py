"""The sandbox's WeChat: the gateway, and the one thing a phone would do by itself."""

from __future__ import annotations

from typing_extensions import override

from backend.wechat.gateway import HttpWeChat


class PhonelessWeChat(HttpWeChat):
    """What a guest taps in a browser is told to the sandbox, as a phone tells WeChat."""

    @override
    def tapped(self, openid: str, template_id: str) -> None:
        """Raises WeChatFailed."""
        self._client.post("_sandbox/accept", data={"openid": openid, "template_id": template_id, "n": 1})
