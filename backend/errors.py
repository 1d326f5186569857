"""Every error that may reach a caller, in one table.

AppError
├── NotFound          404  no such thing, or not yours to see
├── Unauthorized      401  who are you? log in again
├── Refused           403  known, but not allowed
├── BadInput          422  the request itself is wrong; repeating it will not help
├── TooLarge          413  more bytes than we take
├── Conflict          409  somebody was faster; re-read and decide
├── Gone              410  it was there, and its time is over
├── TooMany           429  slow down
└── Upstream          502  WeChat, OSS or Redis failed; `permanent` says whether to retry

`PUBLIC` gives the Chinese and English words of every code; a code without words fails a test.
"""

from __future__ import annotations

from typing import ClassVar, Final

PUBLIC: Final[dict[str, tuple[str, str]]] = {
    "error": ("出错了，请稍后再试", "Something went wrong. Please try again later."),
    "not_found": ("内容不存在", "There is nothing here."),
    "unauthorized": ("登录已失效，请重新进入", "Your session has ended. Please open the album again."),
    "bad_token": ("登录凭证无效，请重新进入", "This token is not valid. Please log in again."),
    "token_expired": ("登录已过期，请重新进入", "This token has expired. Please log in again."),
    "bad_js_code": ("微信登录码无效或已使用，请重新登录", "The WeChat login code is invalid or was used already."),
    "risky_guest": ("该账号暂时无法登录", "WeChat does not allow this account to log in at the moment."),
    "bad_phone_code": ("手机号授权已失效，请重新授权", "The code for the phone number is invalid or was used."),
    "bad_encrypted": (
        "数据无法解密，请重新进入小程序",
        "This cannot be decrypted. Please open the mini-program again.",
    ),
    "bad_signature": ("签名无效", "The signature is not valid."),
    "bad_login": ("账号或密码不正确", "Login or password is wrong."),
    "invitation_over": ("邀请链接无效、已使用或已过期", "This invitation is not valid, was used, or has expired."),
    "login_taken": ("这个账号名已被使用", "This login is taken."),
    "weak_password": ("密码至少 8 个字符", "A password needs at least 8 characters."),
    "not_yours": ("这张照片已不在你手上", "This photo is no longer in your hands."),
    "in_other_hands": ("这张照片正由别人精修", "Somebody else has this photo in hand."),
    "no_match": ("找不到同名照片", "No photo of this name is in the event."),
    "refused": ("没有权限", "You are not allowed to do this."),
    "locked": ("这个相册需要凭口令或邀请进入", "This album opens with a code, a password or an invitation."),
    "likes_off": ("主办方未开放点赞", "The organizer has not opened likes."),
    "no_comments": ("主办方未开放评论", "The organizer has not opened comments."),
    "wrong_code": ("口令不正确", "The code is wrong."),
    "not_invited": ("邀请码不在名单上", "This invitation is not on the list."),
    "no_downloads": ("主办方未开放下载", "The organizer does not offer downloads."),
    "quota_spent": ("今天的下载次数已用完，明天再来", "You have used up today's downloads. Come back tomorrow."),
    "no_contributions": ("主办方未开放来宾投稿", "The organizer does not take guests' photos."),
    "contributions_spent": ("今天的投稿数量已满，明天再来", "You have given today's photos. Come back tomorrow."),
    "already_there": ("这张照片已经在活动里了", "This photo is in the event already."),
    "bad_password": ("相册密码不正确", "The album password is wrong."),
    "bad_input": ("参数有误", "The request is not valid."),
    "bad_size": ("文件大小不符合要求", "The file is empty or too large."),
    "bad_digest": ("文件内容与校验值不一致，请重新上传", "The bytes do not match their checksum. Send them again."),
    "risky_words": ("文字含有违规内容，请修改", "These words may not be shown. Please change them."),
    "bad_scene": ("二维码参数无效", "The code's scene is not valid."),
    "too_large": ("文件过大", "The file is larger than we accept."),
    "too_many_pixels": ("照片像素过大，已拒收", "The picture has more pixels than we accept."),
    "too_many_scans": ("照片编码异常，已拒收", "The picture is encoded in a way that would block the renderer."),
    "not_a_picture": ("文件不是可识别的照片", "The file is not a picture we can read."),
    "truncated": ("照片不完整，请重新上传", "The picture is cut off. Please send it again."),
    "unsupported": ("暂不支持这种图片格式", "This picture format is not supported."),
    "no_room": ("渲染所需内存超出限制", "The picture needs more memory than a renderer may use."),
    "renderer_died": ("照片多次导致渲染中断，已隔离", "The picture stopped the renderer repeatedly and was set aside."),
    "missing_parts": ("还有分片未上传", "Some parts have not been uploaded yet."),
    "expired": (
        "配对码已过期，请使用相机桥屏幕上的新码",
        "This code has expired. Use the new one on the bridge's screen.",
    ),
    "unknown_code": (
        "没有这个配对码，请核对相机桥屏幕",
        "No bridge shows this code. Compare it with the bridge's screen.",
    ),
    "chain_broken": ("账本对不上，已记录", "These lines do not follow from what was told before. It was noted."),
    "bad_target": ("网址不可用：只能是公网 https 地址", "This address cannot be called: only public https addresses."),
    "art_used": (
        "素材正在使用，请先从品牌、相册或广告位里取下",
        "This art is in use. Take it out of the brand kit, album or sponsor slot first.",
    ),
    "art_unfit": (
        "这个素材不能放在页面上，请用 PNG、JPEG 或 WebP 图片",
        "This art cannot be shown on a page. Use a PNG, JPEG or WebP picture.",
    ),
    "art_heavy": (
        "图片太大：访客页面上的图片不超过 500 KB",
        "This picture is too large: guests' phones load it, so it may have 500 KB at most.",
    ),
    "bad_link": ("链接不可用：只能是 https:// 开头的网址", "This link cannot be used: it has to begin with https://."),
    "over_quota": ("已超出机构配额", "The quota of the organization is used up."),
    "art_full": (
        "素材已满：每个机构最多 400 个文件、800 MB",
        "No room for more art: an organization has up to 400 files and 800 MB.",
    ),
    "already_paired": ("该相机桥已完成配对", "This bridge is paired already."),
    "conflict": ("内容已被更新，请刷新", "Somebody changed this first. Please reload."),
    "too_many": ("操作太频繁，请稍后再试", "Too many requests. Please slow down."),
    "upstream": ("服务繁忙，请稍后再试", "A service we depend on is busy. Please try again."),
    "store_denied": ("存储服务拒绝访问，请检查密钥", "The object store refused the credentials."),
    "store_expired": ("上传凭证已过期，请重新获取", "The upload URL has expired. Ask for a new one."),
    "store_clock": ("本机时钟与存储服务不一致", "The clock differs too much from the object store's."),
    "store_unreachable": ("无法连接存储服务", "The object store cannot be reached."),
    "faces_absent": ("本平台未安装人脸找图", "This installation cannot search by face."),
    "faces_off": ("主办方未开放人脸找图", "The organizer does not offer search by face."),
    "faces_lost": (
        "人脸数据已无法读取，请主办方重新开启",
        "The face data cannot be read any more. Switch it on again.",
    ),
    "checklist_open": ("请先完成影响评估清单", "Please complete the impact assessment first."),
    "consent_missing": ("需要先单独同意人脸找图", "Search by face needs your separate consent first."),
    "consent_elsewhere": ("这份同意属于另一个活动", "This consent was given for another event."),
    "consent_withdrawn": ("你已撤回同意", "You have withdrawn your consent."),
    "consent_expired": ("同意已过期，请重新确认", "Your consent has expired. Please give it again."),
    "consent_outdated": ("告知内容已更新，请重新确认", "The notice has changed. Please read it and consent again."),
    "guardian_needed": ("未满 14 周岁需由监护人同意", "Under 14 a guardian has to consent."),
    "tie_over": (
        "链接已用过或已过期，请回到浏览器再点一次",
        "This link was used or has expired. Go back to the browser and tap again.",
    ),
    "ticket_over": ("结果已过期，请重新自拍", "This result is over. Please take a new selfie."),
    "no_face": ("没有看到人脸，请正对镜头重拍", "No face was seen. Please look into the camera and try again."),
    "two_faces": ("画面里不止一个人，请单独自拍", "There is more than one person. Please take it alone."),
    "face_too_small": ("人脸太小，请靠近一些", "The face is too small. Please come closer."),
    "face_unclear": ("人脸不清晰或被遮挡，请重拍", "The face is not clear, or covered. Please try again."),
    "too_dark": ("光线太暗，请换个亮一点的地方", "It is too dark. Please find more light."),
    "code_needed": ("请输入验证器上的 6 位验证码", "Enter the six digits of your authenticator app."),
    "bad_code": ("验证码不对或已用过，请等下一个", "This code is wrong or was used. Wait for the next one."),
    "step_on": ("两步验证已开启，请刷新", "The second step is on already. Please reload."),
    "wechat_taken": ("这个微信已绑定另一个账号", "This WeChat account belongs to another login."),
    "not_bound": (
        "这个微信还没有绑定账号。请先用密码登录，在「我的账号」里绑定。",
        "This WeChat account is bound to no login. Sign in with the password first and bind it under My account.",
    ),
    "scan_over": ("二维码已过期，请刷新后重扫", "This code is over. Reload it and scan again."),
    "wechat": ("微信服务繁忙，请稍后再试", "WeChat is busy. Please try again."),
}


class AppError(Exception):
    """An expected failure. `code` is stable API; `detail` is for logs, `public()` may be shown to anyone."""

    status: ClassVar[int] = 500
    default: ClassVar[str] = "error"

    def __init__(self, detail: str = "", *, code: str = "", permanent: bool = True) -> None:
        self.code = code or self.default
        super().__init__(detail or self.code)
        self.detail = detail
        self.permanent = permanent

    def public(self, language: str = "zh") -> str:
        """The words for people, in `zh` or `en`."""
        chinese, english = PUBLIC[self.code]
        return english if language == "en" else chinese


class NotFound(AppError):
    status, default = 404, "not_found"


class Unauthorized(AppError):
    status, default = 401, "unauthorized"


class Refused(AppError):
    status, default = 403, "refused"


class BadInput(AppError):
    status, default = 422, "bad_input"


class TooLarge(AppError):
    status, default = 413, "too_large"


class Conflict(AppError):
    status, default = 409, "conflict"


class Gone(AppError):
    status, default = 410, "expired"


class TooMany(AppError):
    status, default = 429, "too_many"


class OverQuota(AppError):
    """Nothing is wrong with the request: with more room it will work. Bridges keep what they have and try again."""

    status, default = 507, "over_quota"


class Upstream(AppError):
    status, default = 502, "upstream"
