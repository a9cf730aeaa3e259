"""The agents' page as it is served: by whom it may be read, what it may load, how it is kept."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.web_stage import Stage, is_problem

PAGE = "<!doctype html><script type='module' src='/desk/assets/index-Ab12.js'></script>"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """As set-up leaves it: a link to what was built."""
    assets = tmp_path / "desk-0123456789ab" / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "index.html").write_text(PAGE)
    (assets / "index-Ab12.js").write_text("export {}")
    (assets / "notes.txt").write_text("no part of the page")
    (tmp_path / "desk").symlink_to(assets.parent.name)
    return tmp_path / "desk"


def somebody(stage: Stage) -> httpx.AsyncClient:
    """Without a token: the page asks for it."""
    transport = httpx.ASGITransport(app=stage.gate, client=("192.0.2.7", 5))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def test_where_it_is_not_built_the_page_says_how_to_build_it(stage: Stage) -> None:
    answer = await somebody(stage).get("/desk")
    assert answer.status_code == 404 and answer.text.count("./hotline setup desk") == 2


async def test_the_page_runs_no_script_but_ours(stage: Stage, built: Path) -> None:
    answer = await somebody(stage).get("/desk")
    assert answer.status_code == 200 and answer.text == PAGE
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert policy["require-trusted-types-for"] == "'script'"
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_is_asked_for_anew_and_its_parts_are_kept(stage: Stage, built: Path) -> None:
    page = await somebody(stage).get("/desk")
    assert page.headers["cache-control"] == "no-cache"
    known = {"if-none-match": page.headers["etag"]}
    assert (await somebody(stage).get("/desk", headers=known)).status_code == 304
    (built / "index.html").write_text(PAGE.replace("Ab12", "Cd34"))
    assert (await somebody(stage).get("/desk", headers=known)).status_code == 200
    part = await somebody(stage).get("/desk/assets/index-Ab12.js")
    assert "immutable" in part.headers["cache-control"]
    assert part.headers["content-type"].startswith("text/javascript")
    assert len(part.headers.get_list("cache-control")) == 1


@pytest.mark.parametrize(
    "name",
    ["gone.js", "notes.txt", "..%2findex.html", "%2e%2e/index.html", ".js", "a%00.js",
     "x" * 200 + ".js"],
)  # fmt: skip
async def test_nothing_else_of_the_machine_is_served(stage: Stage, built: Path, name: str) -> None:
    answer = await somebody(stage).get(f"/desk/assets/{name}")
    assert answer.status_code in (401, 404, 422) and PAGE not in answer.text


async def test_the_page_opens_nothing_but_itself(stage: Stage, built: Path) -> None:
    assert is_problem(await somebody(stage).post("/desk"), 401)
    assert is_problem(await somebody(stage).get("/deskx"), 401)
    assert is_problem(await somebody(stage).get("/api/v1/agents/ann/work"), 401)


async def test_answers_of_the_api_are_still_kept_nowhere(stage: Stage) -> None:
    answer = await stage.client.get("/api/v1/agents")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src")
