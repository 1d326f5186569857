"""What guests read before they agree, and what organizers answer before they may ask: words, and their version."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

CHECKLIST: Final[dict[str, tuple[str, str]]] = {  # the impact assessment; every line has to be answered with yes
    "purpose": (
        "只用于访客在本活动中找到自己的照片，不作他用",
        "The only purpose is that guests find their own photos of this event.",
    ),
    "necessary": (
        "已评估影响：不用人脸则找照片明显更难，影响已降到最低",
        "We assessed the impact: without it photos are much harder to find, and the effect on people is kept least.",
    ),
    "told": (
        "入场处和相册内都已告知拍摄与人脸找图",
        "Signs at the entrance and the album tell of photos and of this search.",
    ),
    "choice": (
        "不同意的人有同等的入口（名牌码、时间、相册），不影响入场与奖品",
        "Who does not agree has an equal way (slate, time, album); entry and prizes never depend on it.",
    ),
    "children": (
        "已确认是否有未满 14 周岁者，必要时由监护人同意",
        "We know whether children under 14 come; guardians agree for them.",
    ),
    "retention": ("保存期限已设为必要的最短时间", "Data is kept for the shortest time that is needed."),
    "contact": ("已指定负责人并公布联系方式", "Somebody is responsible, and people know how to reach them."),
    "records": (
        "评估与处理记录将保存至少三年",
        "The assessment and the records of processing are kept for three years.",
    ),
}
_ZH: Final = (
    "谁在处理：{organization}（联系方式：{contact}）。平台受其委托，只按其指示处理。",
    "目的：在「{title}」的照片中找到你自己。不用于识别身份、年龄、性别或情绪，不训练模型，不跨活动比对。",
    "方式：自拍会发送到我们的服务器，在内存中换算成 128 个数字，与本活动照片中的人脸比对。",
    "比对结束，自拍和数字立即丢弃，不写入磁盘。",
    "对你的影响：结果是「相似」，不是认定，可能有误，也可能漏掉。结果不会超出你本来就能看到的照片。",
    "「关注新照片」须另行同意：加密保存这 128 个数字，到 {until} 为止，以便把之后拍到的你加入「我的照片」。",
    "「点人脸找更多」由主办方另行开启：只发送照片里人脸的编号，不发送自拍，请只点你自己。",
    "「遮住我」「不要出现」：只遮一张照片时不比对人脸；要在其他和以后的照片里也遮住，须另行同意，加密保存一份特征，撤回即删。",
    "保存期限：活动照片中的人脸数据最迟于 {until} 删除并销毁密钥。",
    "你的权利：随时一键停止并删除，也可联系上述负责人查询、更正、删除。撤回不影响撤回前的处理。",
    "自愿：不同意也能用名牌码、时间和相册找照片，一切照旧。未满 14 周岁须由监护人同意。",
)
_EN: Final = (
    "Who: {organization} (contact: {contact}). The platform works for them, only as they say.",
    "Purpose: finding yourself in the photos of «{title}». Not who you are, your age, sex or mood; no training.",
    "No comparison with other events: only with the photos of this one.",
    "How: your selfie is sent to our server, turned into 128 numbers in memory and compared with this event's faces.",
    "Then selfie and numbers are dropped at once, and never written to a disk.",
    "Results are «alike», not a proof; they may be wrong or incomplete, and never show more than you may see anyway.",
    "«Follow new photos» needs a consent of its own: the 128 numbers are kept, encrypted, until {until} at the latest.",
    "Tapping a face, where the organizer allows it, sends the number of that face only, no selfie. Tap only yourself.",
    "«Blur me», «leave me out»: for one photo no faces are compared; to be found in other and later photos needs a",
    "consent of its own: the numbers are kept, encrypted, and deleted when you withdraw.",
    "Face data of the event's photos is deleted, and its key destroyed, on {until} at the latest.",
    "Your rights: stop and delete with one tap at any time, or ask the contact above to see, correct or delete.",
    "It is your choice: without it slate, time and album find photos just the same.",
    "Under 14 a guardian has to consent.",
)


def notice(organization: str, title: str, contact: str, until: str) -> dict[str, Any]:
    """{version, zh: [paragraph], en: [paragraph]}. Whatever changes in it makes another version."""
    said = {"organization": organization, "title": title, "contact": contact or organization, "until": until}
    words = {"zh": [line.format(**said) for line in _ZH], "en": [line.format(**said) for line in _EN]}
    version = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:12]
    return {"version": version, **words}


def unanswered(answers: dict[str, Any]) -> list[str]:
    return [name for name in CHECKLIST if answers.get(name) is not True]
