"""Expressions of denial, to be searched for in folded text.

They are English, German, French, Spanish and Chinese. All languages are known at once, because a model may answer in another
language than that of its labels.
"""

import re
from functools import cached_property
from typing import Any

from cuealign.prompts.folding import SPACED, WRAP

GAP = r"[^\w,.;:!?()|\n—–=]"
"""What may stand between the words of one phrase: spaces, quotes, hyphens, markup."""


class LatePattern:
    """A regular expression that is compiled when it is first used: these take longer than all else that most jobs load."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile(self.text)

    def __getattr__(self, name: str) -> Any:
        """Whatever a compiled expression has."""
        return getattr(self.compiled, name)


def _phrases(*lists: str) -> str:
    """Expression of one of the phrases in comma-separated lists, up to the end of a word."""
    phrases = ", ".join(lists).split(", ")
    return rf"(?:{'|'.join(phrase.replace(' ', f'{GAP}+') for phrase in phrases)})(?!{SPACED})"


def _any(*lists: str) -> str:
    """The same, from the start of a word."""
    return rf"(?<!{SPACED}){_phrases(*lists)}"


_NOT = r"(?:not|cannot|[a-z]*n't)"

# They hold a negator and deny nothing.
_ASSURANCES = _phrases(
    r"(?:no|without|beyond|little|never)(?: an?| any| all| the| much| slightest| shadow of an?| shadow of)* doubts?",
    r"(?:no|without|beyond)(?: an?| any)? (?:question|questions|denying|mistaking|mistake|hesitation)",
    rf"{_NOT} (?:only|just|merely|simply|solely|exclusively), {_NOT}(?: be)? (?:deny|denied|doubt|doubted)",
    rf"{_NOT} (?:hide|contain|control|suppress|conceal|help|to mention|surprising|surprisingly|least), if not, no wonder, at least",
    r"nothing (?:but|else than|other than|less than|short of|if not), none other than",
    r"keine?n? (?:zweifel|frage), ohne(?: jeden| jeglichen)? zweifel, ohne frage",
    r"nicht (?:nur|bloss|allein|lediglich|zuletzt), nichts (?:als|anderes als|ausser)",
    r"(?:sans|nul|aucun|pas de|pas)(?: aucun| le moindre| l'ombre d'un)? doute, pas (?:seulement|juste|uniquement), rien d'autre que",
    r"no (?:sólo|solo|solamente|únicamente), (?:sin|no cabe|no hay)(?: lugar a| ninguna)? dudas?, nada más que",
)
_CHINESE_ASSURANCES = (
    "非常|不仅|不只|不但|不光|不止|不单|不僅|不單|无疑|無疑|毫无疑问|毫無疑問|不安|不满|不滿|不耐烦|不耐煩|无奈|無奈|无助|無助|无力|無力|"
    "不断|不停|不禁|不由得|不得不|不得了|不已|不错|没错|除非"
)

# Negators that may also follow a label, as in "anger is not audible".
_ADVERBS = _phrases(
    rf"{_NOT}, (?:is|are|was|were|do|does|did|ca|could|would|should|wo|has|have|had|ai)n['\s]?t",
    r"never, hardly, barely, scarcely, rarely, seldom, nowhere",
    r"nicht, nie, niemals, kaum, keineswegs, keinesfalls, mitnichten, nirgends",
    r"pas, jamais, guère, nullement, (?:ne |n')[^\W_]+ plus, nunca, jamás, tampoco, apenas",
)
# Such negators that may be an answer of their own, as in "No, she is sad".
_REPLIES = _phrases(r"no, none, neither, non(?!-), keine?[mnrs]?, keinerlei, aucune?, ning[uú]n[oa]?, nada")
_CHINESE_REPLIES = "[不没沒无無未]|非(?!-)"
# What is lacking may be a sign of a label, as in "the lack of energy suggests sadness".
_LACKS = _phrases(r"without, w/o, lack(?:s|ed|ing)?, absence, ohne, mangel an, sans, sin, ausencia de, carece de")
_SIGNIFIES = _phrases(
    r"(?:suggest|indicat|impl[iy]|point|convey|mean|show|reflect|express|reveal|signal)[a-z]*, deute[tn], sprich?t, sprechen, zeig(?:t|en)"
)
_OTHERS = _phrases(
    r"nor, nothing, nobody, anything but, everything but, all but, far from, rather than, instead of, opposed to, contrary to",
    r"let alone, (?:much|still) less, less than, other than, opposite of, unlike, unlikely, free (?:of|from), least, zero",
    r"fail(?:s|ed|ing)? to, unable to, too [^\W_]+ (?:[^\W_]+ )?to, (?:hard|difficult|tough|impossible|misleading|a mistake) to",
    r"(?:wrong|incorrect|false|inaccurate) to, (?:false|untrue|incorrect|wrong|impossible|improbable) that, doubt(?:s|ed|ful)?",
    r"dubious, den(?:y|ies|ied|ying), except, exclud(?:e|es|ed|ing), rul(?:e|es|ed|ing) out, avoid(?:s|ed|ing)?",
    r"(?:devoid|void|bereft|absent) of, whether, (?:unsure|uncertain|unclear) if",
    r"(?:few|little|low|minimal) (?:signs?|evidence|hints?|traces?|indications?|cues?)",
    r"niemand, nichts, weder, statt, anstatt, anstelle, alles andere als, frei von, weit entfernt (?:von|davon), fern von",
    r"im gegensatz zu, unwahrscheinlich, bezweif(?:le|eln|elt), zweif(?:le|eln|elt), (?<!als.)ob",
    r"ni, plutôt que, au lieu (?:de|d'[^\W_]+), loin (?:de|d'[^\W_]+), tout sauf, dépourvue? de, en lugar de, en vez de, lejos de",
)
# A new statement follows.
_TURNS = _phrases(
    r"but, however, whereas, although, though, nevertheless, nonetheless, therefore, thus, hence",
    r"(?:and|so) (?:i|he|she|it|they|we|the [^\W_]+ (?:is|sounds|seems|appears|feels))",
    r"sondern, aber, jedoch, obwohl, dennoch, trotzdem, und (?:ich|er|sie|es), mais, cependant, pourtant, pero, sino, aunque",
)
_CHINESE_TURNS = "而是|但|却|卻|可是|不过|不過|然而"

# A comma within an enumeration: up to six short items follow, and then "or".
_WORD = rf"{GAP}*+[^\W_]++(?:'[^\W_]++)?+"
_LAST_ITEMS = (
    rf"(?:{_WORD}){{0,2}}{GAP}*{_any('or, nor, oder, noch, ou, ni, o')}"
    rf"|{GAP}*{_any('and, und, et, y')}{_WORD}{GAP}*(?:[.,;:!?)\n]|$)"
)
_ENUMERATION = rf"(?=(?:{_WORD}(?:{_WORD}){{0,2}}{GAP}*,){{0,6}}(?:{_LAST_ITEMS}))"
# A comma in front of these does not end what is denied.
_ASIDES = _any("even, if at all, at all, at least, at any, in any, in my, by any, dass, ob, als ob, als wäre, als sei")

NEGATORS = ("adverb", "reply", "lack", "other")
"""Kinds of events that deny what follows in the clause."""

CLAUSE_ENDS = ("end", "turn", "pause", "aside", "wrap", "opens", "closes")
"""Kinds of events that end a clause, some of them with exceptions."""

_KINDS = {
    "assurance": _ASSURANCES,
    "turn": _TURNS,
    "lack": _LACKS,
    "other": _OTHERS,
    "adverb": _ADVERBS,
    "reply": _REPLIES,
    "signifies": _SIGNIFIES,
}
EVENTS = LatePattern(
    # Letters of these languages only, so that other text is passed over fast.
    rf"(?<!{SPACED})(?=[a-zà-ÿ])(?:{'|'.join(f'(?P<{kind}>{words})' for kind, words in _KINDS.items())})"
    rf"|(?P<turn_zh>{_CHINESE_TURNS})|(?P<assurance_zh>{_CHINESE_ASSURANCES})|(?P<reply_zh>{_CHINESE_REPLIES})"
    rf"|(?P<opens>\()|(?P<closes>\))|(?P<wrap>{WRAP})"
    rf"|(?P<within>,{_ENUMERATION}|(?<!\w)(?:e\.g|i\.e|z\.b|d\.h)\.)|(?P<aside>,(?={GAP}*{_ASIDES}))"
    r"|(?P<pause>\.\.+|[,:،—–]|=(?!>)|--+|(?<!\S)-(?!\S)|(?<!\n)\n(?!\n))"
    r"|(?P<end>\.(?!\d)|\n\n+|[!?;|。؟؛।•→]|[-=]>|(?<!\S)[*+](?!\S))"
)
"""Everything that begins or may end a denial. The group tells the kind, and those of Chinese end with ``_zh``."""

JUST_BEFORE = LatePattern(
    rf"(?<!{SPACED})(?:(?<!or )(?:less|weniger|moins|menos)|(?<!a )(?<!the )little|un|(?:non|anti|pseudo|非)-){GAP}*$"
)
"""What denies nothing but the next word, as in "less happy", "non-neutral" and "un-happy"."""

NEXT_TO = re.compile(GAP + "{0,6}")
"""What stands between two words that are neighbours."""

_BETWEEN = NEXT_TO.pattern
_VERB = _any(
    r"is, are, was, were, be, been, am, has, have, had, do, does, did, can, could, would, should, will, may, might, must",
    r"seems?, appears?, sounds?, looks?, feels?, fits?, ist, sind, war, waren, bin, bist, kann, wäre, klingt, wirkt, scheint, hört?",
    r"höre, hören, erkenne, passt, liegt, gibt, (?:n')?est, (?:n')?était, semble, es, está, era, parece",
)
_PLACE = r"(?:(?:and|or|und|oder) [^\W_]+ )?(?:(?:in|of|from|von) (?:[^\W_]+ ){1,3})?(?:(?:it|this|that|he|she|they) )?"
VERB_AFTER = LatePattern(rf"{_BETWEEN}{_PLACE}{_VERB}{_BETWEEN}(?:[^\W_]+ )?{_BETWEEN}")
"""What stands between a label and a negator in "anger is not audible" and "anger in her voice is clearly not audible"."""

GERMAN_FRAME = LatePattern(rf"{_BETWEEN}{_VERB} (?:[^\W_]+ ){{0,4}}")
"""What stands between a label and "nicht" at the end of a clause, as in "Wut höre ich in der Stimme nicht"."""

_PREDICATES = _any(
    r"wrong, incorrect, false, inaccurate, inappropriate, unsuitable, absent, missing, lacking, unlikely, improbable, impossible",
    r"excluded, ruled out, out of the question, falsch, unwahrscheinlich, ausgeschlossen",
    r"faux, fausse, absente?, falso, falsa, ausente",
)
_IT_IS_NOT = (
    rf",?{GAP}*{_any('but, though, aber')}{GAP}+"
    + _any(
        rf"(?:it|this|that|he|she|they|i) (?:[a-z]*n't|{_VERB} not)(?: think so)?, (?:it|this|that|he|she)'s not",
        r"i (?:doubt|doubted) (?:it|that), probably not, not really, (?:es|das|er|sie) ist es nicht",
    )
    + rf"{GAP}*(?:[.,;:!?)|\n]|$)"
)
DENIED_BY_PREDICATE = LatePattern(
    rf"{_BETWEEN}(?:{_PLACE}{_VERB} (?:[^\W_]+ ){{0,2}}{_PREDICATES}|{_IT_IS_NOT}"
    rf"|{_any('fehlt, fehlen, or not, oder nicht, ou pas, o no')}|-(?:free|less|frei)(?!{SPACED}))"
)
"""A denial behind a label without a negator of its own, as in "angry would be wrong", or "like anger, but it isn't"."""

_NO = _any("no, not, none, never, nope, nah, false, wrong, absent, unlikely, nein, nicht, nie, kein[er]?, falsch, non, pas, faux, nunca")
_NO = f"(?:{_NO}|[不否没沒无無])"
_SURELY = _any("definitely, certainly, absolutely, probably, clearly, surely, obviously, of course, i(?:'d| would) say, bestimmt, ganz")
_SURELY = f"(?:{_SURELY}{GAP}+)?"
_HARDLY = _any("hardly, far from it, anything but, by no means, on the contrary, i (?:don't|do not) think so, i doubt (?:it|that)")
_DETAIL = _any("at all, really, present, detected, audible, evident, heard, vorhanden, wirklich")
ANSWERED_NO = LatePattern(
    rf"{_BETWEEN}[吗嗎]?{_BETWEEN}(?:"
    rf"\?(?:{GAP}|\n)*{_SURELY}(?:{_NO}|{_HARDLY})(?!{GAP}*(?:doubt|question|only|just))"
    rf"|[:=|(,.—–-]+{GAP}*{_SURELY}{_NO}(?:{GAP}+{_DETAIL})*(?:(?!{WRAP}){GAP})*(?:[,;:!?)|\n{WRAP}—–]|\.(?! ?\d)|$))"
)
"""The reply "no" to a label, as in "Angry? No." and "angry: no"."""

CONJOINED = LatePattern(
    rf"{_BETWEEN}(?:, [^\W_]+){{0,3}},?{_BETWEEN}(?:{_any('and, or, nor, und, oder, et, ou, y, o')}|[/&和或]){_BETWEEN}"
)
"""What stands between two labels that share a denial behind them, the last two of an enumeration."""

LISTED = LatePattern(rf"{_BETWEEN}(?:, [^\W_]+){{0,3}}[,、]{_BETWEEN}")
"""What stands between two labels that share a denial behind them, before the last two of an enumeration."""
