"""Random flows that are right by the way they are built: every rule of the guide is kept.

Steps stand in a row. Each leads to the next one (so all can be reached) and may lead further on, to
a person or, where the guide allows it, to the goodbye. Back leads only a menu's key, only to a step
with a limit, whose way out leads to an end: nobody goes round for ever. A menu from which a person
would be four keys away gets a key for one. After a talk comes a survey, or nothing. Who waits may
leave the line and come back: see `tests.reference.clean_waiting`.
"""

from __future__ import annotations

from random import Random

from tests.reference import clean_kinds, clean_waiting
from tests.reference.clean_kinds import NEW_KINDS
from tests.reference.flow_documents import Document, Fields, forms, leads, reached, surely_there

NEAR = 3
KINDS = ("say", "menu", "listen", "set", "branch", "hours")
WAYS = {
    "digits": ("digits",), "date": ("date", "weekday"), "amount": ("number", "percent"),
    "money": ("money",), "text": (),
}  # fmt: skip
FACTS = {
    "caller": ("known", "withheld"), "dialled": ("4000", "4001"), "language": ("zh", "en"),
    "queue": ("support", "sales"),
}  # fmt: skip
TEXTS = (
    ("您好。", "Hello."), ("请稍候。", "Please hold."), ("请按一。", "Press one."),
    ("12:30", "no"), ("价格：一百元。", "The price: one hundred # only."), ("谢谢。", "Thank you."),
)  # fmt: skip


def random_flow(random: Random) -> Document:
    """With the first kinds of steps at least once each, and some of the others."""
    kinds = [*KINDS, *random.choices(KINDS, (3, 5, 3, 2, 3, 1), k=random.randint(1, 12))]
    kinds += random.choices(NEW_KINDS, k=random.randint(0, 8))
    random.shuffle(kinds)
    return _Row(random, kinds).flow()


class _Row:
    def __init__(self, random: Random, kinds: list[str]) -> None:
        self.random = random
        self.kinds = kinds
        self.names = [f"{kind}_{n}" for n, kind in enumerate(kinds)]
        self.steps: dict[str, Fields] = {}
        self.ends: dict[str, Fields] = {}
        self.away: dict[str, int] = {}
        self.values: list[tuple[str, str]] = []
        """Name and form of those that earlier steps collect."""

    def flow(self) -> Document:
        for n, (name, kind) in enumerate(zip(self.names, self.kinds, strict=True)):
            self.steps[name] = {"do": kind, **self._fields(kind, n)}
        for n in reversed(range(len(self.names))):
            self._lead_on(n)
        for n, name in enumerate(self.names):
            self._lead_back(n, name)
        document: Document = {"first": self.names[0], "steps": {**self.steps, **self.ends}}
        clean_waiting.let_out(document, self.names, self.random, self._text)
        for name in document["steps"].keys() - reached(leads(document), self.names[0]):
            del document["steps"][name]
        self._say_values(document)
        return document

    # ---------------------------------------------------------------- fields

    def _fields(self, kind: str, n: int) -> Fields:
        if kind in KINDS:
            fields: Fields = getattr(self, f"_{kind}")(n)
            return fields
        if kind == "lookup":
            self.values.append((f"found_{n}", "text"))
        return clean_kinds.fields(kind, n, self.random, self._text)

    def _text(self) -> Fields:
        zh, en = self.random.choice(TEXTS)
        return {"zh": zh, "en": en}

    def _maybe(self, **fields: str) -> Fields:
        return {name: value for name, value in fields.items() if self.random.random() < 0.4}

    def _say(self, n: int) -> Fields:
        return {"say": self._text(), **self._maybe(interruptible="false")}

    def _menu(self, n: int) -> Fields:
        again = {"after_silence": self._text()} if self.random.random() < 0.3 else {}
        rest = self._maybe(every_language="true", seconds="4", tries="2")
        return {"say": self._text(), **again, **rest}

    def _listen(self, n: int) -> Fields:
        form = self.random.choice(("digits", "date", "amount", "money"))
        self.values.append((f"value_{n}", form))
        most = self.random.randint(4, 12)
        keys = {"least": "8", "most": "8"} if form == "date" else {"least": "1", "most": str(most)}
        more: Fields = {} if form == "digits" else {"form": form}
        if form == "money":
            more = {"form": "amount", "currency": "CNY"}
        more |= {"ends_with": ""} if self.random.random() < 0.2 else {}
        return {"say": self._text(), "into": f"value_{n}", "keys": keys, **more,
                **self._maybe(seconds="8", tries="2")}  # fmt: skip

    def _set(self, n: int) -> Fields:
        language = {"language": self.random.choice(("zh", "en"))}
        if self.random.random() < 0.5:
            return language
        self.values.append((f"value_{n}", "text"))
        return {"values": {f"value_{n}": "basic"}, **self._maybe(**language)}

    def _branch(self, n: int) -> Fields:
        if not self.values or self.random.random() < 0.4:
            fact, (one, other) = self.random.choice(list(FACTS.items()))
            cases: Fields = {"one": one, "other": other}
            if fact == "dialled" and self.random.random() < 0.5:
                cases = {"ours": [one, other]}
            elif fact in ("caller", "language"):
                cases = {"one": one}
            return {"fact": fact, "cases": cases}
        value, form = self.random.choice(self.values)
        cases = {"none": {"missing": "true"}} if self.random.random() < 0.5 else {}
        if form in ("amount", "money"):
            cases |= {"small": {"most": "99.99"}, "large": {"least": "100", "most": "1000"}}
        elif form == "date":
            cases |= {"that_day": "2026-03-05"}
        elif form == "digits":
            cases |= {"one": "1", "few": ["2", "3"]}
        else:
            cases |= {"basic": {"equal": "basic"}}
        return {"value": value, "cases": cases}

    def _hours(self, n: int) -> Fields:
        return {"hours": self.random.choice(("always", "weekdays"))}

    # ---------------------------------------------------------------- what comes next

    def _person(self) -> str:
        name = self.random.choice(("person", "sales"))
        if name not in self.ends:
            told = {"zh": "预计等待{wait}。", "en": "Wait {wait}."}
            waiting = [{"after": "5", "say": self._text()}, {"every": "30", "say": told}]
            self.ends[name] = {"do": "queue", "queue": "sales" if name == "sales" else "support"}
            if self.random.random() < 0.7:
                self.ends[name] |= {
                    "say": self._text(),
                    "while_waiting": waiting,
                    "after": "survey",
                }
            if self.random.random() < 0.4:
                self.ends[name]["then"] = {"talked": self._rated()}
        self.away[name] = 0
        return name

    def _rated(self) -> str:
        then = dict.fromkeys(("done", "silence"), self._bye())
        self.ends["rate"] = {"do": "survey", "say": self._text(), "then": then}
        if self.random.random() < 0.5:
            self.ends["rate"] |= {"second": self._text(), "thanks": self._text(), "highest": "7"}
        return "rate"

    def _bye(self) -> str:
        self.ends["bye"] = {"do": "goodbye", "say": self._text()}
        return "bye"

    def _next(self, n: int) -> str:
        return self.names[n + 1] if n + 1 < len(self.names) else self._person()

    def _onward(self, n: int) -> str:
        """Anything later from which a person is near."""
        later = self.names[n + 1 : n + 6]
        return self.random.choice([*later, self._person()])

    def _lead_on(self, n: int) -> None:
        name, kind = self.names[n], self.kinds[n]
        if kind not in KINDS:
            self._lead_other_on(n)
            return
        if kind == "menu":
            self._lead_menu_on(n)
            return
        then = {"say": ["done"], "set": ["done"], "listen": ["done", "silence", "no_match"]}
        outcomes = then.get(kind, ["open"])
        if kind == "branch":
            outcomes = [*self.steps[name]["cases"], "else"]
        targets = [self._next(n), *(self._onward(n) for _ in outcomes[1:])]
        self.random.shuffle(targets)
        self.away[name] = max(self.away[target] for target in targets)
        self.steps[name]["then"] = dict(zip(outcomes, targets, strict=True))
        if kind == "hours":
            self.steps[name]["then"]["closed"] = self._closed(n)

    def _lead_other_on(self, n: int) -> None:
        """A step of the kinds that came later: one way leads to the next step."""
        name, kind = self.names[n], self.kinds[n]
        outcomes = clean_kinds.outcomes(self.steps[name])
        free = clean_kinds.FREE.get(kind, ())
        next_by = self.random.choice([outcome for outcome in outcomes if outcome not in free[:1]])
        then = {outcome: self._onward(n) for outcome in outcomes}
        then |= {outcome: self._bye() for outcome in free if self.random.random() < 0.5}
        then[next_by] = self._next(n)
        self.steps[name]["then"] = then
        far = [self.away[then[outcome]] for outcome in outcomes if then[outcome] != "bye"]
        if kind == "ask":
            far = [self.away[then[outcome]] for outcome in ("silence", "no_match")]
        self.away[name] = 0 if kind == "message" else (min if kind == "ask" else max)(far)

    def _closed(self, n: int) -> str:
        if self.random.random() < 0.5:
            return self._bye()
        said = {"do": "say", "say": self._text(), "then": {"done": self._bye()}}
        self.ends[f"closed_{n}"] = said
        return f"closed_{n}"

    def _lead_menu_on(self, n: int) -> None:
        name = self.names[n]
        then = {"1": self._next(n)}
        for key in self.random.sample("23456#", self.random.randint(0, 3)):
            then[key] = self._onward(n)
        if self.random.random() < 0.3:
            then["9"] = self._bye()
        for outcome in ("silence", "no_match"):
            then[outcome] = self._bye() if self.random.random() < 0.2 else self._onward(n)
        costs = [self.away[to] + (o not in ("silence", "no_match"))
                 for o, to in then.items() if to != "bye"]  # fmt: skip
        if min(costs) > NEAR or self.random.random() < 0.3:
            then["0"] = self._person()
            costs.append(1)
        self.away[name] = min(costs)
        self.steps[name]["then"] = then

    def _lead_back(self, n: int, name: str) -> None:
        if self.kinds[n] != "menu" or self.random.random() < 0.4:
            return
        target = self.random.choice(self.names[: n + 1])
        self.steps[name]["then"]["*"] = target
        self.steps[target].setdefault("at_most", str(self.random.randint(1, 4)))
        way_out = self._bye() if self.random.random() < 0.3 else self._person()
        self.steps[target]["then"]["too_many"] = way_out

    def _say_values(self, document: Document) -> None:
        form = forms(document)
        for name, step in self.steps.items():
            there = sorted(surely_there(document, name))
            if step["do"] not in ("say", "menu") or "every_language" in step or not there:
                continue
            if self.random.random() < 0.9:
                value = self.random.choice(there)
                way = self.random.choice(("", *(f":{way}" for way in WAYS[form[value]])))
                for language in step["say"]:
                    step["say"][language] += f" {{{value}{way}}}"
