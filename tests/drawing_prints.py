"""What tests of prints share: an event to print, a logo, a stand-in code, and eyes: pixels, words, decoded codes.

Import the fixture: `from tests.drawing_prints import mini  # noqa: F401`.
"""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from launch.sandbox.wechat.picture import draw as sandbox_code
from web import drawing
from web.drawing import Content
from web.drawing_layout import CARD, POSTER, SMALL_CARD, lying, upright
from web.drawing_pdf import Art

H5 = "https://photos.example.com/a/AbCdEfGh12?f=p"
SCENE = "e=AbCdEfGh12&f=p"
MINI_SAYS = "https://photos.example.com/s?scene=e%3DAbCdEfGh12%26f%3Dp"
LONG = (
    "第十二届中国国际数字影像产业博览会开幕晚宴暨二〇二六年度优秀摄影师颁奖典礼与合作伙伴答谢之夜"
    "（北京站·第三场）主办：中国国际数字影像产业发展促进会联合会"
)
TITLES = {
    "short": "年会",
    "spaced": "2026 年度盛典",
    "long_zh": LONG[:80],
    "long_en": "The Twelfth International Symposium on Computational Photography and Awards",
    "one_word": "W" * 80,
    "mixed": "SUMMER FEST 夏日音乐节 — Qingdao/青岛 ★ 2026",
    "marks": "（“《【「" * 8 + "）”》】」" * 8,
    "markup": "<b>粗体</b> & <script>alert(1)</script> %s {0} \\n (x) \\",
}


@pytest.fixture(scope="module")
def mini() -> bytes:
    return drawing.mini_code(sandbox_code("https://photos.example.com", SCENE, 1280, hyaline=True))


def logo_file(
    colour: tuple[int, ...] = (20, 80, 190, 255), size: tuple[int, int] = (600, 200), kind: str = "PNG"
) -> bytes:
    """A disc and a bar on nothing, with empty margins."""
    image = Image.new("RGBA", (size[0] + 100, size[1] + 60), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.ellipse((50, 30, 50 + size[1], 30 + size[1]), fill=colour)
    pen.rectangle((50 + size[1], 30 + size[1] // 3, 50 + size[0], 30 + size[1] * 2 // 3), fill=colour)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def content(mini: bytes | None = None, **changed: object) -> Content:
    made = Content(
        title="2026 年度盛典",
        when="2026年11月22日 周日 14:00 – 18:00",
        place="上海 · 西岸艺术中心",
        organization="快门示例机构",
        h5=H5,
        language="zh",
        mini=mini,
    )
    return replace(made, **changed)


def pixels(picture: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(picture)).convert("RGB"))


def pages(document: bytes, scale: float = 3.0) -> list[np.ndarray]:
    opened = pypdfium2.PdfDocument(document)
    try:
        return [page.render(scale=scale).to_numpy()[:, :, :3].copy() for page in opened]
    finally:
        opened.close()


def text_of(document: bytes) -> str:
    """All words of a PDF, without spaces and line ends: where a title breaks is the layout's business."""
    opened = pypdfium2.PdfDocument(document)
    try:
        said = "".join(page.get_textpage().get_text_range() for page in opened)
    finally:
        opened.close()
    return "".join(said.split())


def decoded(image: np.ndarray) -> list[str]:
    return sorted(found.text for found in zxingcpp.read_barcodes(image))


def compositions(said: Content) -> list[Art]:
    return [
        upright(said, 595, 842, POSTER),
        upright(said, 595, 876, CARD),
        lying(said, 842, 600, CARD),
        lying(said, 842, 593, SMALL_CARD),
    ]
