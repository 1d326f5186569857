"""Settings. The only module of the server that reads the environment; the defaults start on a bare machine.

`KUAIMEN_<NAME>` overrides a field. Sizes are bytes or pixels, times seconds unless the name says otherwise.
Every field has its line in docs/settings.md; a test holds that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class WeChatApp(BaseModel):
    """One more mini-program, of the organizations it names. The words are those of the `wechat_…` settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    appid: str = Field(min_length=1, max_length=32)
    secret: SecretStr
    organizations: list[str] = []  # ids
    push_token: SecretStr = SecretStr("")
    aes_key: SecretStr = SecretStr("")
    template_id: str = ""
    template_fields: str = "album=thing1,count=number2,time=time3,tip=thing4"
    templates: str = ""


class Settings(BaseSettings):
    """One field per knob."""

    model_config = SettingsConfigDict(env_prefix="KUAIMEN_", frozen=True, extra="ignore")

    # where
    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    public_url: str = ""  # empty: http://host:port
    platform_name: str = Field(default="", max_length=24)  # on every page instead of ours; empty: 快门, Kuaimen
    proxies: int = Field(default=0, ge=0, le=5)  # reverse proxies before us, whose X-Forwarded-* headers are believed
    secret_key: SecretStr = SecretStr("")  # empty: made once and kept in data_dir

    # parts
    database_url: str = ""  # empty: SQLite in data_dir
    pg_bin: Path | None = None  # folder of pg_dump and pg_restore; None: as PATH finds them
    redis_url: str = ""  # empty: bundled server on a unix socket in data_dir
    store: Literal["local", "oss"] = "local"
    store_dir: Path | None = None  # None: data_dir/blobs

    face_model: Path | None = None  # description of a bought network that tells faces apart; None: SFace

    # Alibaba OSS (store=oss)
    oss_bucket: str = ""
    oss_region: str = ""  # cn-hangzhou, without «oss-»
    oss_endpoint: str = ""  # what the outside uses; a bound domain when oss_cname
    oss_cname: bool = False
    oss_internal_endpoint: str = ""  # what workers in the same region use; empty: oss_endpoint
    oss_access_key_id: str = ""
    oss_access_key_secret: SecretStr = SecretStr("")
    cdn_url: str = ""  # empty: presigned OSS URLs
    cdn_key: SecretStr = SecretStr("")  # CDN URL authentication type A

    # WeChat; without an appid the sandbox is used
    wechat_appid: str = ""
    wechat_secret: SecretStr = SecretStr("")
    wechat_base_url: str = ""  # empty: https://api.weixin.qq.com with an appid, else the sandbox
    wechat_push_token: SecretStr = SecretStr("")
    wechat_aes_key: SecretStr = SecretStr("")  # EncodingAESKey, 43 characters; empty: plain mode
    wechat_env_version: Literal["release", "trial", "develop"] = "release"
    wechat_check_path: bool = True
    wechat_template_id: str = "KM_ALBUM_UPDATE"
    moderator: Literal["wechat", "people"] = "wechat"  # who looks at photos of albums that want it
    wechat_template_fields: str = "album=thing1,count=number2,time=time3,tip=thing4"
    wechat_templates: str | None = None  # milestones with templates of their own; None: the sandbox's, or none
    wechat_apps: list[WeChatApp] = []  # more mini-programs, as JSON
    notify_quiet: str | None = None  # 23-8: no message from 23:00 to 8:00; None: so with an appid, else never
    notify_days: int = Field(default=14, ge=0)  # nothing is told later than this after an event's end
    notify_senders: int = Field(default=16, ge=1, le=32)  # messages one worker has under way at once

    # limits
    max_upload_bytes: int = 120 * 1024 * 1024
    max_preview_bytes: int = 1024 * 1024
    part_bytes: int = 4 * 1024 * 1024
    grant_ttl: int = 3600  # how long an upload URL stays valid
    photo_url_ttl: int = 2 * 3600  # how long a picture URL stays valid at least
    stream_guests: int = Field(default=5000, ge=0)  # of one web process; who comes later is sent to the feed's files
    session_ttl: int = 7 * 24 * 3600
    lease_ttl: int = 60  # how long one worker may hold one photo
    render_attempts: int = 5
    full_when_idle: bool = True  # make full sizes before anybody asks, when nothing else is to be done

    # who may be told what happens
    webhook_private: bool = False  # also http, and addresses of our own network

    # how long what was removed can be brought back
    bin_days: int = Field(default=30, ge=0, le=3650)

    # how many of what the embedded platform starts
    render_workers: int = Field(default=1, ge=1, le=64)
    worker_max_rss_bytes: int = 2 * 1024**3  # a worker that has grown beyond makes room for a fresh one
    ftp_host: str = "127.0.0.1"
    ftp_port: int = 2121
    log_level: str = "INFO"
    timezone: str = "Asia/Shanghai"  # of the words in messages and posters

    @property
    def sqlalchemy_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'kuaimen.db'}"

    @property
    def blob_dir(self) -> Path:
        return self.store_dir or self.data_dir / "blobs"

    @property
    def quiet_hours(self) -> str:
        return self.notify_quiet if self.notify_quiet is not None else "23-8" if self.wechat_appid else ""

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def load() -> Settings:
    """Read `KUAIMEN_*`. Raises ValueError naming every variable that does not parse."""
    try:
        return Settings()
    except ValidationError as exc:
        lines = [f"KUAIMEN_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in exc.errors()]
        raise ValueError("; ".join(lines)) from None


def environment(**settings: str) -> dict[str, str]:
    """The whole environment, with these settings as `KUAIMEN_<NAME>`: what a child process is given."""
    return dict(os.environ) | {f"KUAIMEN_{name.upper()}": value for name, value in settings.items()}


def adopt(environment: Mapping[str, str]) -> None:
    """Take another environment for this process; a forked child does."""
    os.environ.clear()
    os.environ.update(environment)
