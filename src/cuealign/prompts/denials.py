"""Which of the labels that an answer mentions it denies, as in "not angry" or "anger is not audible"."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice, takewhile
from typing import NamedTuple

from cuealign.prompts.denial_words import (
    ANSWERED_NO,
    CLAUSE_ENDS,
    CONJOINED,
    DENIED_BY_PREDICATE,
    EVENTS,
    GERMAN_FRAME,
    JUST_BEFORE,
    LISTED,
    NEGATORS,
    NEXT_TO,
    VERB_AFTER,
)
from cuealign.prompts.folding import WRAP

Span = tuple[int, int]
"""Where a mention begins and ends in the text."""


class Event(NamedTuple):
    """A place where a denial begins or may end."""

    kind: str
    start: int
    end: int


def denied(text: str, mentions: Sequence[Span]) -> list[bool]:
    """For each mention of a label in a folded answer, whether the answer denies it.

    A mention is denied if a negator stands in front of it in the same clause. It is also denied if a denial follows it
    directly: a verb with a negator, a word such as "absent", or the reply "no". Negators within a mention do not count.

    Args:
        text: the folded answer.
        mentions: in the order of the text, and without overlap.
    """
    events = [*_events(text, mentions), Event("end", len(text), len(text))]
    behind, used = _denied_from_behind(text, mentions, events)
    in_front = _denied_from_the_front(text, mentions, events, used)
    return [any(both) for both in zip(in_front, behind, strict=True)]


def _events(text: str, mentions: Sequence[Span]) -> Iterator[Event]:
    """What begins or may end a denial, outside of all mentions."""
    ahead = 0  # the first mention that is not over
    for match in EVENTS.finditer(text):
        kind, (start, end) = str(match.lastgroup).removesuffix("_zh"), match.span()
        while ahead < len(mentions) and mentions[ahead][1] <= start:
            ahead += 1
        if ahead == len(mentions) or end <= mentions[ahead][0]:
            yield Event(kind, start, end)
        elif start < mentions[ahead][0] and kind == "assurance":  # "no doubt", where the label is "doubt"
            yield Event("reply", start, mentions[ahead][0])


def _denied_from_the_front(text: str, mentions: Sequence[Span], events: Sequence[Event], used: Collection[Event]) -> list[bool]:
    """Whether a negator in front of each mention reaches it, other than those ``used`` for the mention before."""
    found = []
    upcoming = iter(events)
    event = next(upcoming)
    negator: Event | None = None  # in force
    goes_on = False  # whether its clause goes on behind commas, as in "is not, I think, angry"
    outer: list[tuple[Event | None, bool]] = []  # the same, for each bracket that is open
    for first, _ in mentions:
        while event.start < first:
            if event.kind in NEGATORS:
                negator, goes_on = event, False
            elif event.kind == "closes" and outer:
                negator, goes_on = outer.pop()
            elif event.kind == "opens":
                outer.append((negator, goes_on))
            if negator is not None and negator != event:
                adjacent = NEXT_TO.fullmatch(text, negator.end, event.start) is not None
                free = negator not in used
                if event.kind == "aside" or (event.kind in ("pause", "opens") and adjacent and free and negator.kind != "reply"):
                    goes_on = True
                if (
                    event.kind in ("end", "turn")
                    or (event.kind in ("pause", "opens") and not goes_on)
                    or (event.kind == "signifies" and negator.kind == "lack" and not adjacent)
                    or (event.kind == "wrap" and not free)
                ):
                    negator = None
            event = next(upcoming)
        found.append(negator is not None or JUST_BEFORE.search(text, max(first - 20, 0), first) is not None)
    return found


def _denied_from_behind(text: str, mentions: Sequence[Span], events: Sequence[Event]) -> tuple[list[bool], set[Event]]:
    """Whether a denial follows each mention, and the negators of such denials."""
    found, used = [], set()
    ahead = 0
    for index, (_, last) in enumerate(mentions):
        while events[ahead].start < last:
            ahead += 1
        next_mention = mentions[index + 1][0] if index + 1 < len(mentions) else len(text) + 1
        verb = _negated_verb(text, last, next_mention, events, ahead)
        reply = ANSWERED_NO.match(text, last)
        end_of_denial = reply.end() if reply else events[ahead].end if verb else last
        for event in islice(events, ahead, None):
            if event.start >= end_of_denial:
                break
            used.add(event)
        found.append(verb or reply is not None or DENIED_BY_PREDICATE.match(text, last) is not None)
    conjoined = False  # "anger, joy and sadness are not audible" denies all three
    for index in range(len(mentions) - 2, -1, -1):
        gap = mentions[index][1], mentions[index + 1][0]
        conjoined = found[index + 1] and bool(CONJOINED.fullmatch(text, *gap) or (conjoined and LISTED.fullmatch(text, *gap)))
        found[index] = found[index] or conjoined
    return found, used


def _negated_verb(text: str, last: int, next_mention: int, events: Sequence[Event], ahead: int) -> bool:
    """Whether the first event behind a mention is a negator that denies it.

    Examples are "anger is not audible", "anger isn't" and "Wut höre ich nicht".
    """
    negator = events[ahead]
    if negator.kind not in ("adverb", "reply") or negator.start > next_mention:
        return False
    # A contraction holds its verb.
    subject = text[last : negator.start] + ("is " if text[negator.start : negator.end].endswith(("n't", "cannot")) else "")
    if VERB_AFTER.fullmatch(subject):
        return True
    if NEXT_TO.fullmatch(subject):  # but "angry not sad" denies what comes behind
        rest = takewhile(lambda event: event.start < next_mention, islice(events, ahead + 1, None))
        return WRAP not in subject and any(event.kind in CLAUSE_ENDS for event in rest)
    following = events[ahead + 1]
    at_the_end = following.kind in CLAUSE_ENDS and NEXT_TO.fullmatch(text, negator.end, following.start)
    return bool(at_the_end and GERMAN_FRAME.fullmatch(subject))
