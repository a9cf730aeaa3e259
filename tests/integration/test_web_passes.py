"""Passes over HTTP: whoever holds one looks and redeems without a token; nobody else gets far."""

from __future__ import annotations

import asyncio

import pytest

from acd.model import ContactId
from adapters.web.gate import Limits
from ivr.pass_guesses import MOST_WRONG
from ivr.passes import AFTER_SECONDS, CODE_SECONDS, SENTENCES, Refusal
from tests.fakes_passes import ONE, TWO
from tests.pass_stage import PassStage
from tests.web_stage import is_problem

WEBCHAT = {"channel": "webchat"}


def path(held: str, deed: str = "") -> str:
    return f"/api/v1/passes/{held}{deed}"


def says(answer: object, why: Refusal) -> bool:
    """Whether the problem is exactly this sentence."""
    return answer == SENTENCES[why]["en"]


# ---------------------------------------------------------------- from the phone to the web


async def test_an_operator_issues_and_the_customer_redeems(passes: PassStage) -> None:
    name = await passes.comes(ONE)
    await passes.comes(TWO)
    made = await passes.issue(name, reason="sent by SMS")
    seen = (await passes.customer.get(path(made["secret"]))).json()
    assert (seen["state"], seen["refused"], seen["channel"]) == ("open", None, "webchat")
    answer = await passes.customer.post(path(made["secret"], "/redeem"), json=WEBCHAT)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "reference": ONE, "channel": "webchat", "verified": "no", "again": False, "answered": False,
    }  # fmt: skip
    assert passes.house.line() == ["c-1 webchat", "c-2 voice"]
    [issued, redeemed] = passes.house.audit.entries
    assert (issued.who, issued.action, issued.reason) == ("operator", "pass issue", "sent by SMS")
    assert (redeemed.who, redeemed.action, redeemed.subject) == ("customer", "pass redeem", ONE)


async def test_a_code_that_was_heard_is_keyed_in_as_people_write_it(passes: PassStage) -> None:
    made = await passes.issue(await passes.comes(), form="code")
    assert made["spoken"].replace(" ", "") == made["secret"]
    answer = await passes.customer.post(path(made["spoken"], "/redeem"), json=WEBCHAT)
    assert answer.json()["reference"] == ONE


async def test_link_scanners_change_nothing(passes: PassStage) -> None:
    made = await passes.issue(await passes.comes())
    before = list(passes.house.journal.records), passes.house.line()
    for method in ("GET", "HEAD") * 20:
        answer = await passes.customer.request(method, path(made["secret"]))
        assert answer.status_code == 200
        again = await passes.customer.request(method, path(made["secret"], "/redeem"))
        assert is_problem(again, 405) if method == "GET" else again.status_code == 405
    assert (list(passes.house.journal.records), passes.house.line()) == before
    answer = await passes.customer.post(path(made["secret"], "/redeem"), json=WEBCHAT)
    assert answer.status_code == 200


async def test_answers_are_not_stored_and_name_no_referrer(passes: PassStage) -> None:
    made = await passes.issue(await passes.comes())
    answer = await passes.customer.get(path(made["secret"]))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_the_same_word_again_is_answered_alike(passes: PassStage) -> None:
    made = await passes.issue(await passes.comes())
    redeem = path(made["secret"], "/redeem")
    body = {**WEBCHAT, "by": "tab-1"}
    first, again = [await passes.customer.post(redeem, json=body) for _ in range(2)]
    assert again.json() == {**first.json(), "again": True}
    other = await passes.customer.post(redeem, json={**WEBCHAT, "by": "tab-2"})
    assert is_problem(other, 409) and says(other.json()["detail"], Refusal.USED)


async def test_of_a_hundred_at_once_one_redeems_and_the_others_are_told_why(
    passes: PassStage,
) -> None:
    made = await passes.issue(await passes.comes())
    redeem = path(made["secret"], "/redeem")
    answers = await asyncio.gather(
        *(passes.customer.post(redeem, json=WEBCHAT) for _ in range(100))
    )
    assert sorted({answer.status_code for answer in answers}) == [200, 409]
    refused = [answer for answer in answers if answer.status_code == 409]
    assert len(refused) == 99
    assert all(says(answer.json()["detail"], Refusal.USED) for answer in refused)
    assert passes.house.line() == ["c-1 webchat"]


# ---------------------------------------------------------------- what is refused, and how


async def test_each_refusal_is_its_own_sentence_on_looking_and_on_redeeming(
    passes: PassStage,
) -> None:
    house = passes.house
    name = await passes.comes()
    code = await passes.issue(name, form="code")
    house.wait(CODE_SECONDS)
    await _refused(passes, code["secret"], Refusal.EXPIRED)
    link, other = await passes.issue(name), await passes.issue(name)
    wrong = await passes.customer.post(path(link["secret"], "/redeem"), json={"channel": "app"})
    assert is_problem(wrong, 409) and says(wrong.json()["detail"], Refusal.WRONG_CHANNEL)
    await passes.customer.post(path(link["secret"], "/redeem"), json=WEBCHAT)
    await _refused(passes, link["secret"], Refusal.USED)
    await _refused(passes, other["secret"], Refusal.VOID)
    late = await passes.issue(await passes.comes(TWO))
    await house.leaves(TWO)
    house.wait(AFTER_SECONDS)
    await _refused(passes, late["secret"], Refusal.EXPIRED)


async def test_who_is_served_is_told_so(passes: PassStage) -> None:
    made = await passes.issue(await passes.comes())
    await passes.house.agent_comes()
    await passes.house.answers()
    await _refused(passes, made["secret"], Refusal.TALKING)
    await passes.house.leaves()
    await _refused(passes, made["secret"], Refusal.OVER)


async def _refused(passes: PassStage, held: str, why: Refusal) -> None:
    seen = (await passes.customer.get(path(held))).json()
    assert (seen["refused"], seen["say"]) == (why, dict(SENTENCES[why]))
    answer = await passes.customer.post(path(held, "/redeem"), json=WEBCHAT)
    assert is_problem(answer, 409) and says(answer.json()["detail"], why)


@pytest.mark.parametrize(
    "held", ["x", "A" * 22, "000000000", "%27%3B--", "..%2f..%2fcore.db", "%00", "%F0%9F%98%80"]
)
async def test_what_is_no_pass_is_refused_alike_and_never_reaches_the_core(
    passes: PassStage, held: str
) -> None:
    await passes.issue(await passes.comes())
    asked = passes.core.asked
    for answer in (
        await passes.customer.get(path(held)),
        await passes.customer.post(path(held, "/redeem"), json=WEBCHAT),
    ):
        assert is_problem(answer, 404)
        if "%2f" not in held:
            assert says(answer.json()["detail"], Refusal.UNKNOWN)
    assert passes.core.asked == asked


@pytest.mark.parametrize(
    "body",
    [{}, {"channel": ""}, {"channel": "web chat"}, {"channel": "x" * 33}, {"channel": None},
     {**WEBCHAT, "level": "pin"}, {**WEBCHAT, "tries_as": ""}, {**WEBCHAT, "by": "a b"}, [], "x"],
)  # fmt: skip
async def test_what_does_not_fit_is_refused_and_the_pass_stays_good(
    passes: PassStage, body: object
) -> None:
    made = await passes.issue(await passes.comes())
    answer = await passes.customer.post(path(made["secret"], "/redeem"), json=body)
    assert is_problem(answer, 422)
    assert (await passes.customer.get(path(made["secret"]))).json()["refused"] is None


# ---------------------------------------------------------------- guessing


async def test_who_guesses_is_slowed_down_to_ten_a_minute(passes: PassStage) -> None:
    now = [0.0]
    passes.web.gate.limits = Limits.usual(lambda: now[0])
    made = await passes.issue(await passes.comes())
    tried = [await passes.customer.get(path("A" * 22)) for _ in range(12)]
    assert [answer.status_code for answer in tried] == [404] * 10 + [429] * 2
    right = path(made["secret"], "/redeem")
    assert is_problem(await passes.customer.post(right, json=WEBCHAT), 429)
    async with passes.from_address("192.0.2.8") as neighbour:
        assert (await neighbour.get(path(made["secret"]))).status_code == 200
    now[0] = 60.0
    tried = [await passes.customer.get(path("A" * 22)) for _ in range(12)]
    assert [answer.status_code for answer in tried] == [404] * 10 + [429] * 2


async def test_guesses_sent_at_once_are_paid_for_afterwards(passes: PassStage) -> None:
    """A burst may slip through while the first answers are on their way; then it is over."""
    now = [0.0]
    passes.web.gate.limits = Limits.usual(lambda: now[0])
    tried = await asyncio.gather(*(passes.customer.get(path("A" * 22)) for _ in range(40)))
    slipped = sum(answer.status_code == 404 for answer in tried)
    for minute in range(1, 21):
        now[0] = minute * 60.0
        for _ in range(12):
            slipped += (await passes.customer.get(path("A" * 22))).status_code == 404
    assert slipped <= 10 + 20 * 10


async def test_looking_at_a_pass_that_is_one_costs_nothing(passes: PassStage) -> None:
    made = await passes.issue(await passes.comes())
    answers = [await passes.customer.get(path(made["secret"])) for _ in range(50)]
    assert {answer.status_code for answer in answers} == {200}


async def test_codes_are_refused_for_a_while_when_many_addresses_guess(
    passes: PassStage, caplog: pytest.LogCaptureFixture
) -> None:
    name = await passes.comes()
    code, link = await passes.issue(name, form="code"), await passes.issue(name)
    for n in range(MOST_WRONG // 10):
        async with passes.from_address(f"198.51.100.{n}") as guesser:
            for _ in range(10):
                await guesser.get(path("123456789"))
    async with passes.from_address("203.0.113.9") as customer:
        answer = await customer.get(path(code["secret"]))
        assert is_problem(answer, 429) and says(answer.json()["detail"], Refusal.TRIES)
        assert (await customer.get(path(link["secret"]))).status_code == 200
    alarms = [r for r in caplog.records if "codes are being guessed" in r.message]
    assert len(alarms) == 1


# ---------------------------------------------------------------- issuing


async def test_nobody_without_the_token_issues_a_pass(passes: PassStage) -> None:
    name = await passes.comes()
    answer = await passes.customer.post(f"/api/v1/contacts/{name}/passes", json=WEBCHAT)
    assert is_problem(answer, 401)
    assert await passes.house.book.open() == []


@pytest.mark.parametrize(("channel", "says_why"), [("fax", "passes lead into app, webchat")])
async def test_a_pass_that_cannot_be_made_says_why(
    passes: PassStage, channel: str, says_why: str
) -> None:
    name = await passes.comes()
    issue = f"/api/v1/contacts/{name}/passes"
    answer = await passes.web.client.post(issue, json={"channel": channel})
    assert is_problem(answer, 409) and says_why in answer.json()["detail"]
    await passes.house.leaves()
    answer = await passes.web.client.post(issue, json=WEBCHAT)
    assert is_problem(answer, 409) and "does not wait" in answer.json()["detail"]
    nobody = "/api/v1/contacts/con_00000000000000000000000000/passes"
    assert is_problem(await passes.web.client.post(nobody, json=WEBCHAT), 404)


async def test_the_secret_stands_in_no_log(
    passes: PassStage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    made = await passes.issue(await passes.comes(ContactId("c-1")))
    await passes.customer.get(path(made["secret"]))
    await passes.customer.post(path(made["secret"], "/redeem"), json=WEBCHAT)
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]
    told = "".join(f"{record.getMessage()} {record.__dict__}" for record in ours)
    assert "pass redeemed" in told and made["secret"] not in told


async def test_the_description_says_that_passes_need_no_token(passes: PassStage) -> None:
    made = (await passes.customer.get("/openapi.json")).json()["paths"]
    assert "security" not in made["/api/v1/passes/{held}"]["get"]
    assert "security" not in made["/api/v1/passes/{held}/redeem"]["post"]
    assert made["/api/v1/contacts/{contact}/passes"]["post"]["security"]
