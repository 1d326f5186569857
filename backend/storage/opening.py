"""Which store the settings mean."""

from __future__ import annotations

from backend.config import Settings
from backend.storage import Store
from backend.storage.local import LocalStore
from backend.storage.oss import Cdn, OssStore, Place
from backend.storage.oss_v4 import Credentials


def open_store(settings: Settings) -> Store:
    """Raises ValueError naming what is missing. No network: whether the keys are right shows with the first call."""
    if settings.store == "oss":
        return _oss(settings)
    secret = settings.secret_key.get_secret_value()
    return LocalStore(settings.blob_dir, base_url=settings.base_url, secret=secret)


def _oss(settings: Settings) -> OssStore:
    needed = ("oss_bucket", "oss_region", "oss_endpoint", "oss_access_key_id", "oss_access_key_secret")
    missing = [f"KUAIMEN_{name.upper()}" for name in needed if not getattr(settings, name)]
    if settings.cdn_url and not settings.cdn_key:
        missing.append("KUAIMEN_CDN_KEY")
    if missing:
        raise ValueError(f"KUAIMEN_STORE=oss also needs {', '.join(missing)}")
    place = Place(
        bucket=settings.oss_bucket,
        region=settings.oss_region,
        endpoint=settings.oss_endpoint,
        cname=settings.oss_cname,
        internal_endpoint=settings.oss_internal_endpoint,
    )
    credentials = Credentials(settings.oss_access_key_id, settings.oss_access_key_secret.get_secret_value())
    cdn = Cdn(settings.cdn_url, settings.cdn_key.get_secret_value()) if settings.cdn_url else None
    return OssStore(place, lambda: credentials, cdn=cdn)
