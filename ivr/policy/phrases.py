"""The phrases nobody may say to a caller (R13-R18, R75), found whatever stands between their characters.

For words of ours only: prompts, canned replies, texts to the caller. A caller's own words are never linted:
he may say 不知道 as often as he likes. The English patterns carry the same rules to the English texts.
"""

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A forbidden phrase in a text: its rule's row, the phrase as found, what to say instead."""

    rule: int
    phrase: str
    replacement: str


@dataclass(frozen=True, kw_only=True)
class Forbidden:
    """A rule as agents see it: the phrase that stands for it, and what to say instead."""

    rule: int
    phrase: str
    replacement: str


@dataclass(frozen=True, kw_only=True)
class _Rule:
    row: int
    shown: str
    pattern: re.Pattern[str]
    replacement: str


_WHEN_WE_ARE_CERTAIN = (
    "等我们有了确切结果后会尽快和您联系"  # R72: the promise takes the place of "we do not know"
)
_DO_NOT = r"(?:dont|donot)"  # the apostrophe is gone by then

_RULES = (
    _Rule(
        row=13,
        shown="我们不管",
        pattern=re.compile(
            rf"我们不管|不归我们管|we{_DO_NOT}(?:handle|dealwith)(?:that|this|it)|notour(?:problem|job)"
        ),
        replacement="这件事由××负责，我帮您问清联系方式后回复您",
    ),
    _Rule(
        row=14,
        shown="跟我们没关系",
        pattern=re.compile(r"[跟和与]我们没有?关系|nothingtodowithus"),
        replacement="我先帮您判断原因，再告诉您该找谁",
    ),
    _Rule(
        row=15,
        shown="没办法解决",
        pattern=re.compile(r"没有?办法(?:解决)?|(?:cannot|cant)be(?:solved|fixed)"),
        replacement=_WHEN_WE_ARE_CERTAIN,
    ),
    _Rule(
        row=16,
        shown="随便",
        pattern=re.compile(r"随便|^whatever$|whateveryou(?:like|want|say)"),
        replacement="谢谢您的意见，我已经记录下来",
    ),
    # 听不清楚 and 看不清楚 tell of a bad line or a bad picture, not of an agent who is unsure.
    _Rule(
        row=17,
        shown="不清楚",
        pattern=re.compile(r"(?<![听看])不清楚|(?:im|iam|were|weare)notsure"),
        replacement=_WHEN_WE_ARE_CERTAIN,
    ),
    _Rule(
        row=18,
        shown="不知道",
        pattern=re.compile(rf"(?<!我们)不知道|(?<!we){_DO_NOT}know|noidea"),
        replacement=_WHEN_WE_ARE_CERTAIN,
    ),
    _Rule(
        row=75,
        shown="我们不知道",
        pattern=re.compile(rf"我们不知道|we{_DO_NOT}know"),
        replacement=_WHEN_WE_ARE_CERTAIN,
    ),
)


FORBIDDEN = tuple(
    Forbidden(rule=rule.row, phrase=rule.shown, replacement=rule.replacement) for rule in _RULES
)


def lint(text: str) -> tuple[Finding, ...]:
    """Every forbidden phrase in ``text``, by rule and then by place; empty when the text may be said."""
    bare = _bare(text)
    return tuple(
        Finding(rule=rule.row, phrase=match.group(), replacement=rule.replacement)
        for rule in _RULES
        for match in rule.pattern.finditer(bare)
    )


def _bare(text: str) -> str:
    """Letters and digits alone, in one width and one case: 不 — 知 … 道 and 不知道 are the same."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LN")
