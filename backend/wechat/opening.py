"""From settings to a WeChat that works: the real one when there is an appid, else the sandbox on this machine."""

from __future__ import annotations

from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry
from pydantic import SecretStr
from redis import Redis

from backend.config import Settings
from backend.errors import BadInput
from backend.wechat import WeChat, templates
from backend.wechat.client import TIMEOUT, Client
from backend.wechat.gateway import HttpWeChat
from backend.wechat.meters import meters
from backend.wechat.phoneless import PhonelessWeChat
from backend.wechat.push import AES_KEY_CHARACTERS, PushKeys
from backend.wechat.templates import Templates

REAL_BASE_URL: Final = "https://api.weixin.qq.com"
# the sandbox's own; they open nothing but a process on the loopback
SANDBOX_APPID: Final = "wxsandbox000000000"
SANDBOX_SECRET: Final = "sandbox-secret-that-protects-nothing"  # noqa: S105
SANDBOX_PUSH_TOKEN: Final = "sandboxtoken"  # noqa: S105
SANDBOX_AES_KEY: Final = "sandboxsandboxsandboxsandboxsandboxsandbox0"
SANDBOX_TEMPLATES: Final = (
    "retouched=KM_RETOUCH_DONE album=thing1,count=number2,state=phrase3;"
    "complete=KM_ALBUM_DONE album=thing1,count=number2,time=time3,tip=thing4;"
    "found=KM_ALBUM_DONE album=thing1,count=number2,time=time3,tip=thing4"
)


def open_wechat(
    settings: Settings,
    redis: Redis,
    *,
    timeout: tuple[float, float] = TIMEOUT,
    registry: CollectorRegistry = REGISTRY,
) -> WeChat:
    """One per process. No network. Raises BadInput when the settings do not suffice."""
    sandbox = not settings.wechat_appid
    secret = SecretStr(SANDBOX_SECRET) if sandbox else settings.wechat_secret
    if not secret.get_secret_value():
        raise BadInput("KUAIMEN_WECHAT_APPID is set, KUAIMEN_WECHAT_SECRET is not")
    if sandbox and not settings.wechat_base_url:
        raise BadInput(
            "without KUAIMEN_WECHAT_APPID the WeChat sandbox is used: set KUAIMEN_WECHAT_BASE_URL to its address"
        )
    client = Client(
        settings.wechat_appid or SANDBOX_APPID,
        secret,
        redis,
        meters(registry),
        base_url=settings.wechat_base_url or REAL_BASE_URL,
        timeout=timeout,
    )
    kind = PhonelessWeChat if sandbox else HttpWeChat
    return kind(client, env_version=settings.wechat_env_version, check_path=settings.wechat_check_path)


def own_appid(settings: Settings) -> str:
    return settings.wechat_appid or SANDBOX_APPID


def appid_of(settings: Settings, organization_id: str) -> str:
    """The mini-program of an organization: one of its own, or the installation's."""
    mine = (app.appid for app in settings.wechat_apps if organization_id in app.organizations)
    return next(mine, own_appid(settings))


def settings_of(settings: Settings, appid: str) -> Settings:
    """The settings as this mini-program sees them. Raises BadInput for one that is not ours."""
    if appid == own_appid(settings):
        return settings
    for app in settings.wechat_apps:
        if app.appid == appid:
            told = app.model_dump(exclude={"organizations"})
            return settings.model_copy(update={f"wechat_{name}": value for name, value in told.items()})
    raise BadInput(f"no mini-program {appid[:32]!r} here: KUAIMEN_WECHAT_APPS")


def open_others(settings: Settings, redis: Redis, *, registry: CollectorRegistry = REGISTRY) -> dict[str, WeChat]:
    """Every further mini-program by its appid. Raises BadInput."""
    found = {
        app.appid: open_wechat(settings_of(settings, app.appid), redis, registry=registry)
        for app in settings.wechat_apps
    }
    if len(found) < len(settings.wechat_apps) or own_appid(settings) in found:
        raise BadInput("KUAIMEN_WECHAT_APPS names a mini-program twice")
    return found


def templates_of(settings: Settings) -> Templates:
    """Raises BadInput."""
    more = settings.wechat_templates
    if not settings.wechat_appid and more is None:
        more = SANDBOX_TEMPLATES
    return templates.parse(settings.wechat_template_id, settings.wechat_template_fields, more or "")


def push_keys(settings: Settings) -> PushKeys:
    """What `push.verify` checks with. Raises BadInput for an EncodingAESKey of the wrong length."""
    aes_key = settings.wechat_aes_key
    if len(aes_key.get_secret_value()) not in (0, AES_KEY_CHARACTERS):
        raise BadInput(f"KUAIMEN_WECHAT_AES_KEY has {AES_KEY_CHARACTERS} characters; copy it from the console")
    if settings.wechat_appid:
        return PushKeys(settings.wechat_appid, settings.wechat_push_token, aes_key)
    token = settings.wechat_push_token.get_secret_value() or SANDBOX_PUSH_TOKEN
    aes = aes_key.get_secret_value() or SANDBOX_AES_KEY
    return PushKeys(SANDBOX_APPID, SecretStr(token), SecretStr(aes))
