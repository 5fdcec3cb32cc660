"""Companies found by how their names sound: initials and whole syllables, written beside the name once.

京北商贸 is kept as "jbsm jingbeishangmao": an agent types whichever is quicker.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import sqlalchemy as sa

_MOST = 400  # letters kept
_A_TIME = 2000
_companies = sa.table("companies", *(sa.column(name) for name in ("id", "name", "pinyin")))


def pinyin_of(name: str) -> str:
    """Initials, a space, whole syllables; what is no Chinese character stays as it is, in small letters."""
    from pypinyin.seg.mmseg import seg  # its tables take a while to load, and no call needs them

    text = unicodedata.normalize("NFKC", name).casefold()
    bare = "".join(letter for letter in text if letter.isalnum())
    syllables = [syllable for word in seg.cut(bare) for syllable in _syllables(word)]
    initials = "".join(
        syllable if len(syllable) > 6 or syllable.isdigit() else syllable[:1] for syllable in syllables
    )
    return f"{initials} {''.join(syllables)}"[:_MOST].strip()


@lru_cache(maxsize=50_000)  # 有限公司 is looked up once, not fifty thousand times
def _syllables(word: str) -> tuple[str, ...]:
    from pypinyin import lazy_pinyin

    return tuple(re.sub(r"[^a-z0-9]", "", syllable) for syllable in lazy_pinyin([word], v_to_u=False))


def fill_pinyin(connection: sa.Connection) -> int:
    """For every company that has none yet; how many there were."""
    query = sa.select(_companies.c.id, _companies.c.name).where(_companies.c.pinyin.is_(None))
    missing = connection.execute(query).all()
    update = (
        sa.update(_companies)
        .where(_companies.c.id == sa.bindparam("this_id"))
        .values(pinyin=sa.bindparam("sounds"))
    )
    for some in _slices(missing):
        connection.execute(update, [{"this_id": row.id, "sounds": pinyin_of(row.name)} for row in some])
    return len(missing)


def _slices(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    left = iter(rows)
    while some := list(islice(left, _A_TIME)):
        yield some
