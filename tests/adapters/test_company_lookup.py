"""Among fifty thousand companies the one an agent types is there before he notices; on either database."""

import time
from itertools import islice, product

import pytest
import sqlalchemy as sa

from ivr.adapters.sql_pinyin import fill_pinyin, pinyin_of
from ivr.adapters.sql_schema import companies
from tests.adapters.desk_house import Desk
from tests.adapters.rows import Database

COMPANIES = 50_000
MOST_SECONDS = 0.050
TYPED = ("京北", "jingbei", "bjjb", "youxiangongsi", "商贸", "zzzz", "ke")
PARTS = (
    ("北京", "上海", "天津", "重庆", "大连", "石家庄", "长春", "西安", "武汉", "成都"),
    ("京北", "华信", "航天", "金穗", "长城", "银河", "科达", "中兴", "乐山", "厦门", "女娲", "行远", "东方"),
    ("商贸", "软件", "机械", "食品", "服装", "建材", "医药", "物流"),
    ("有限公司", "有限责任公司", "股份有限公司", "中心"),
)


def names() -> list[str]:
    numbered = (
        f"{city}{mark}{n}{kind}{form}" for n in range(13) for city, mark, kind, form in product(*PARTS)
    )
    return list(islice(numbered, COMPANIES))


@pytest.mark.goal
def test_a_company_is_found_among_fifty_thousand_within_fifty_milliseconds_R72a(database: Database) -> None:
    rows = [{"name": name, "match_name": name, "tax_bureau": "海淀分局"} for name in names()]
    with database.engine.begin() as connection:
        connection.execute(sa.insert(companies), rows)
        assert fill_pinyin(connection) == COMPANIES
        assert fill_pinyin(connection) == 0
    desk = Desk(database)
    desk.records.companies("x")  # the first one opens the connection
    took = []
    for typed in TYPED * 5:
        begun = time.perf_counter()
        desk.records.companies(typed)
        took.append(time.perf_counter() - begun)
    assert sorted(took)[len(took) * 95 // 100] < MOST_SECONDS
    assert [company.name[:4] for company in desk.records.companies("bjjb")] == ["北京京北"] * 8


def test_a_name_is_kept_by_how_it_sounds_with_its_usual_reading() -> None:
    assert pinyin_of("重庆银行") == "cqyh chongqingyinhang"
    assert pinyin_of("女娲（北京）ＡＢＣ") == "nwbjabc nvwabeijingabc"
    assert len(pinyin_of("长" * 200)) <= 400
