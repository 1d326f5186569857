"""An installation under a name of its own: ours is on no page."""

from __future__ import annotations

import dataclasses

import pytest

from backend.context import Stage
from tests.cast import Cast
from tests.conftest import FakeBell, visitor


@pytest.mark.parametrize("path", ["/", "/a/{code}", "/screen/{code}", "/console", "/a/nothing-here"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_has_the_platforms_own_name(
    stage: Stage, bell: FakeBell, cast: Cast, path: str, language: str
) -> None:
    named = stage.settings.model_copy(update={"platform_name": "Lens & Light"})
    asked = {"Accept": "text/html", "Accept-Language": language}
    page = path.format(code=cast.event.share_code)
    with visitor(dataclasses.replace(stage, settings=named), bell) as http:
        text = http.get(page, headers=asked, follow_redirects=True).text
    [title] = [line for line in text.splitlines() if "<title>" in line]
    assert "Lens &amp; Light" in title
    assert "Kuaimen" not in text.replace("kuaimen.test", "")
    assert 'data-t="brand"' not in text
    with visitor(stage, bell) as http:
        ours = http.get(page, headers=asked, follow_redirects=True).text
    assert ("Kuaimen" if language == "en" else "快门") in ours
