"""The template language of the story grammars, and the random numbers that drive it.

It knows nothing of stories: it expands rules with words that somebody else has drawn. A grammar is a text:

    greeting:
        Hello, {h}!
        {^h.he} [waved|smiled|[nodded|bowed] politely] and said, "<hello>"
            A deeper line continues the alternative above it.

* an unindented `name:` opens a rule; each line indented by four columns is one of its alternatives
* `<name>`      one alternative of that rule; a story uses no alternative twice while another one is left
* `[a|b|c]`     one of these, which may be empty or hold further brackets
* `[?key: a|b]` `a` is possible only when the cast has a word called `?key` (`[?!key: a|b]`: when it has none); a
  whole alternative of a rule may begin with `?key:` too
* `{h.his}`     the word of that name in the cast; `{^h.his}` with a capital
* `//`          a new paragraph

`polished` repairs what a template cannot know: a or an, capitals at the start of sentences, spaces.
The language is our own; Tracery (Compton, 2015) has the same idea of slots and rules, without guards and memory.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

__all__ = ["Draw", "Grammar", "Telling", "polished", "rules_of"]

T = TypeVar("T")
MASK = (1 << 64) - 1


def mixed(value: int) -> int:
    """Return `value` with its 64 bits well stirred (the output function of SplitMix64; Steele and others, 2014)."""
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


class Draw:
    """Random numbers that are the same on every machine and in every version of Python.

    A 64-bit linear congruential generator with Knuth's MMIX constants, read from its upper half.
    `random.Random` keeps only `random()` stable between versions, and costs ten times as much to seed.
    """

    __slots__ = ("state",)

    def __init__(self, *seeds: int) -> None:
        self.state = 0
        for seed in seeds:
            self.state = mixed(self.state ^ mixed(seed & MASK))

    def below(self, n: int) -> int:
        """Return a number from 0 to n - 1. Args: n, from 1 to 2**31."""
        self.state = state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return ((state >> 32) * n) >> 32

    def pick(self, items: Sequence[T]) -> T:
        """Return one of `items`."""
        return items[self.below(len(items))]

    def several(self, items: Sequence[T], n: int) -> list[T]:
        """Return `n` different ones of `items`, in random order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(n)]


@dataclass(slots=True)
class Telling:
    """One story while it is told: its cast, its random numbers, and which alternatives it has used."""

    words: Mapping[str, str]
    draw: Draw
    used: dict[str, set[int]] = field(default_factory=dict)  # rule name -> alternatives; asked for membership only
    out: list[str] = field(default_factory=list)


class Node(Protocol):
    """A piece of a compiled template: it appends its text to `telling.out`."""

    def tell(self, telling: Telling) -> None:
        """Append the text."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words that stay as they are."""

    text: str

    def tell(self, telling: Telling) -> None:
        """Append the text."""
        telling.out.append(self.text)


@dataclass(frozen=True, slots=True)
class Slot:
    """A word of the cast, with a capital where the template asks for one."""

    key: str
    capital: bool

    def tell(self, telling: Telling) -> None:
        """Append the word. Raises: KeyError when the cast lacks it, which is a mistake in a grammar."""
        word = telling.words[self.key]
        telling.out.append(word[0].upper() + word[1:] if self.capital else word)


@dataclass(frozen=True, slots=True)
class Branch:
    """One alternative: its nodes, and the guard that has to hold for it ("" for none)."""

    guard: str
    nodes: tuple[Node, ...]

    def allowed(self, words: Mapping[str, str]) -> bool:
        """Say whether the guard holds."""
        if self.guard.startswith("?!"):
            return "?" + self.guard[2:] not in words
        return not self.guard or self.guard in words


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several alternatives inside a sentence; each is as likely as the others that are allowed."""

    branches: tuple[Branch, ...]
    guarded: bool

    def tell(self, telling: Telling) -> None:
        """Append the text of one alternative."""
        branches: Sequence[Branch] = self.branches
        if self.guarded:
            branches = [branch for branch in branches if branch.allowed(telling.words)]
        for node in telling.draw.pick(branches).nodes:
            node.tell(telling)


@dataclass(slots=True)
class Rule:
    """A named list of alternatives that a story avoids to repeat."""

    name: str
    branches: tuple[Branch, ...] = ()
    guarded: bool = False

    def tell(self, telling: Telling) -> None:
        """Append the text of one alternative, a fresh one where the story has not used them all."""
        used = telling.used.setdefault(self.name, set())
        allowed: Sequence[int] = range(len(self.branches))
        if self.guarded:
            allowed = [i for i in allowed if self.branches[i].allowed(telling.words)]
        fresh = [i for i in allowed if i not in used] if used else allowed
        choice = telling.draw.pick(fresh or allowed)
        used.add(choice)
        for node in self.branches[choice].nodes:
            node.tell(telling)


class Grammar:
    """Compiled rules. Texts given later add rules and replace those of the same name.

    Raises: ValueError when a template is malformed or names a rule that does not exist.
    """

    def __init__(self, *texts: str) -> None:
        alternatives: dict[str, list[str]] = {}
        for text in texts:
            alternatives.update(rules_of(text))
        self.rules = {name: Rule(name) for name in alternatives}
        for name, lines in alternatives.items():
            rule = self.rules[name]
            rule.branches = tuple(self.branch(line) for line in lines)
            rule.guarded = any(branch.guard for branch in rule.branches)

    def tell(self, start: str, words: Mapping[str, str], draw: Draw) -> str:
        """Return the expansion of the rule `start`, polished.

        Raises: KeyError when a template asks for a word that `words` lacks.
        """
        telling = Telling(words, draw)
        self.rules[start].tell(telling)
        return polished("".join(telling.out))

    def branch(self, text: str) -> Branch:
        """Compile one alternative with its guard."""
        guard, text = guard_and_rest(text)
        nodes, end = self.nodes(text, 0)
        if end != len(text):
            raise ValueError(f"a bracket closes too early in the template {text!r}")
        return Branch(guard, nodes)

    def nodes(self, text: str, start: int) -> tuple[tuple[Node, ...], int]:
        """Compile `text` from `start` up to a `|` or `]` of the enclosing bracket, or to the end."""
        nodes: list[Node] = []
        while start < len(text) and text[start] not in "|]":
            if text[start] == "[":
                choice, start = self.choice(text, start + 1)
                nodes.append(choice)
                continue
            end = start
            if text[start] in "{<":
                end = text.find("}" if text[start] == "{" else ">", start) + 1
                if not end:
                    raise ValueError(f"a slot or rule name has no end in the template {text!r}")
                nodes.append(self.named(text[start:end]))
            else:
                while end < len(text) and text[end] not in "[|]{<":
                    end += 1
                nodes.append(Text(text[start:end]))
            start = end
        return tuple(nodes), start

    def named(self, text: str) -> Node:
        """Compile `{slot}` or `<rule>`."""
        name = text[1:-1]
        if text[0] == "{":
            return Slot(name.removeprefix("^"), name.startswith("^"))
        if name not in self.rules:
            raise ValueError(f"no rule is called {name!r}")
        return self.rules[name]

    def choice(self, text: str, start: int) -> tuple[Choice, int]:
        """Compile the inside of a bracket that opened just before `start`; return also where it ends."""
        branches: list[Branch] = []
        while True:
            guard, rest = guard_and_rest(text[start:])
            nodes, start = self.nodes(text, len(text) - len(rest))
            branches.append(Branch(guard, nodes))
            if start == len(text):
                raise ValueError(f"a bracket is never closed in the template {text!r}")
            start += 1
            if text[start - 1] == "]":
                return Choice(tuple(branches), any(branch.guard for branch in branches)), start


GUARD = re.compile(r"(\?!?[a-z_]+): ")


def guard_and_rest(text: str) -> tuple[str, str]:
    """Split `?key: rest` into its two parts; the guard is "" when there is none."""
    match = GUARD.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def rules_of(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each rule's name and its alternatives, continued lines joined.

    Raises: ValueError for an unindented line that is no rule's name.
    """
    name, lines = "", list[str]()
    for line in text.splitlines():
        if not line.strip():
            continue
        if not line.startswith(" "):
            if lines:
                yield name, lines
            if not re.fullmatch(r"[a-z_]+:", line):
                raise ValueError(f"a rule starts with its name and a colon, not with {line!r}")
            name, lines = line[:-1], []
        elif line.startswith("     "):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line.strip())
    if lines:
        yield name, lines


# "an" before a vowel that is heard: not before "one", "unicorn" or "useful", but before "hour" and "honest".
ARTICLE = re.compile(r"\b([Aa])n? (?=[a-z\"])(?=((?:[aei]|o(?!n(?:e|ce)\b)|u(?!ni|se|su)|hour|honest)?))", re.ASCII)
MAX_PARAGRAPHS = 6
SPACE = re.compile(r" (?=[.,!?:])")  # left behind where an alternative was empty
# A sentence starts at the start of a paragraph, after a full stop with or without a quote, after ! or ? without a
# quote (with one, `"Look!" he said` goes on), and where speech starts after a comma.
SENTENCE = re.compile(r"(?:^|\n|[.!?] |[.,:] (?=\")|\.\" )\"?[a-z]")


def polished(text: str) -> str:
    """Return `text` with single spaces, blank lines between paragraphs, "a" or "an" as spoken, and capitals.

    Where one speaker follows another without a word between, a new paragraph starts, up to `MAX_PARAGRAPHS`.
    """
    text = SPACE.sub("", " ".join(text.split())).replace(" // ", "\n\n")
    text = text.replace('" "', '"\n\n"', MAX_PARAGRAPHS - 1 - text.count("\n\n"))
    text = ARTICLE.sub(lambda match: f"{match[1]}n " if match[2] else f"{match[1]} ", text)
    return SENTENCE.sub(lambda match: match[0][:-1] + match[0][-1].upper(), text)
