"""A spreadsheet of companies comes in whole, or not at all with every fault named."""

import contextlib
import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.adapters.sql_agreements import SqlAgreements
from ivr.adapters.sql_schema import companies, company_numbers
from ivr.service.agreements import import_agreements, match_name, parse_agreements
from ivr.service.csv_file import CsvFileError
from ivr.service.record_ports import Agreement, ImportCounts
from tests.adapters.rows import CALLER, Database

ENGLISH = "company,numbers,tax_bureau,agreement,expires_on,contact\n"
CHINESE = "企业名称,电话,税务分局,协议编号,协议截止日期,联系人\n"
ROW = "北京航天（集团）,13800138000;010-88886666,海淀,XY-1,2026-12-31,王经理\n"


def parsed(text: str, encoding: str = "utf-8") -> list[Agreement]:
    return parse_agreements(text.encode(encoding), "010")


def faults(text: str | bytes) -> list[str]:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(CsvFileError) as caught:
        parse_agreements(data, "010")
    return [str(problem) for problem in caught.value.problems]


class Office:
    """A database and files to bring into it."""

    def __init__(self, directory: Path) -> None:
        self.database = Database(directory)

    def take_in(self, text: str, *, dry_run: bool = False) -> ImportCounts:
        book = SqlAgreements(self.database.url)
        return import_agreements(book, text.encode(), area_code="010", dry_run=dry_run)

    @property
    def companies(self) -> list[dict[str, Any]]:
        return self.database.rows(companies)

    @property
    def numbers(self) -> list[str]:
        return sorted(row["number"] for row in self.database.rows(company_numbers))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.mark.parametrize("header", [ENGLISH, CHINESE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_what_excel_writes_in_china_is_read(header: str, encoding: str) -> None:
    (agreement,) = parsed(header + ROW, encoding)
    assert agreement.name == "北京航天（集团）"
    assert agreement.facts == {
        "tax_bureau": "海淀",
        "agreement": "XY-1",
        "agreement_expires_on": date(2026, 12, 31),
    }
    assert agreement.numbers == {CALLER: "王经理", "+861088886666": "王经理"}


@pytest.mark.parametrize("between", [";", "；", "、", " ", "　", " , ", "，", "\n"])
def test_numbers_in_one_field_stand_apart_in_any_way_people_write(between: str) -> None:
    (agreement,) = parsed(f'company,numbers\nA,"13800138000{between}88886666"\n')
    assert list(agreement.numbers) == [CALLER, "+861088886666"]


@pytest.mark.parametrize("written", ["2026-12-31", "2026/12/31", "2026年12月31日", "2026.12.31", "20261231"])
def test_a_date_is_read_as_people_write_it(written: str) -> None:
    (agreement,) = parsed(f"company,numbers,expires_on\nA,,{written}\n")
    assert agreement.facts == {"agreement_expires_on": date(2026, 12, 31)}


def test_the_empty_columns_and_rows_excel_adds_are_passed_over() -> None:
    (agreement,) = parsed("company,numbers,,\n,,,\nA,13800138000,,\n , ,\n")
    assert (agreement.name, list(agreement.numbers)) == ("A", [CALLER])


def test_one_company_on_several_lines_and_spellings_is_one() -> None:
    (agreement,) = parsed(
        "company,numbers,contact,agreement\n"
        "北京航天（集团）,13800138000,王,XY\n"
        "北京 航天(集团),88886666,李,\n"
    )
    assert agreement.numbers == {CALLER: "王", "+861088886666": "李"}
    assert agreement.facts == {"agreement": "XY"}


def test_every_fault_is_named_with_its_line_and_column_as_the_file_has_it() -> None:
    assert faults(
        CHINESE
        + 'A,"123\n\n",,,2026-02-30,\n,13800138000,,,,\nA,13800138000,,,,,extra\n'
        + "B" * 201
        + ",,,,,\n"
    ) == [
        "line 2, column 协议截止日期: '2026-02-30' is no date: write it as 2026-12-31",
        "line 2, column 电话: '123' is no telephone number",
        "line 5, column 企业名称: is empty",
        "line 6: has a value in column 7, which has no heading",
        "line 7, column 企业名称: is longer than 200 characters",
    ]


def test_two_lines_of_one_company_may_not_contradict_each_other() -> None:
    text = "company,numbers,agreement,contact\nA,13800138000,X1,王\nA,13800138000,X2,李\n"
    assert faults(text) == [
        "line 3, column agreement: differs from line 2 of the same company",
        "line 3, column contact: of +8613800138000 is '王' on another line",
    ]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (ROW.encode(), "is no header"),
        (b"company,numbers,company\nA,,A\n", "line 1, column company: stands there twice"),
        ("company,numbers,电话\nA,,\n".encode(), "line 1, column 电话: stands there twice"),
        (b"company,numbers,phone\n", "line 1, column phone: is not known"),
        (b"company\nA\n", "line 1, column numbers: is missing"),
        (b"company,numbers\nA\0,\n", "line 2: holds a NUL"),
        (ENGLISH.encode("utf-16"), "neither UTF-8 nor GB18030|NUL"),
        (b"\xff\xff\xff", "neither UTF-8 nor GB18030"),
        (b'company,numbers\n"A,\n', "line 2: is not CSV"),
        (b"company,numbers\n" + b"A" * 200_000 + b",\n", "line 2: is not CSV: field larger than field limit"),
        (b"company,numbers\nA\x1b[2J,\n", "line 2, column company: holds a control character"),
        (("company,numbers\n" + "㍿" * 100 + ",\n").encode(), "line 2, column company: is not a name"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused_clearly(data: bytes, fault: str) -> None:
    with pytest.raises(CsvFileError, match=fault):
        parse_agreements(data, "010")


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: (ENGLISH + text).encode()))
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(CsvFileError):
        parse_agreements(data, "010")


def test_names_are_the_same_whatever_their_width_spaces_brackets_and_case() -> None:
    assert (
        match_name("ＡＢＣ（北京）　有限公司")
        == match_name("abc (北京)有限 公司")
        == match_name("Abc【北京】有限公司")
    )


def test_a_file_comes_in_and_comes_in_again_without_a_change(office: Office) -> None:
    assert office.take_in(CHINESE + ROW) == ImportCounts(companies_added=1, numbers_added=2)
    assert office.take_in(CHINESE + ROW) == ImportCounts(companies_unchanged=1)
    (company,) = office.companies
    assert (company["agreement_expires_on"], company["tax_bureau"]) == (date(2026, 12, 31), "海淀")
    assert office.numbers == ["+861088886666", CALLER]


def test_a_company_known_already_is_brought_up_to_date(office: Office) -> None:
    office.take_in(CHINESE + ROW)
    counts = office.take_in("企业名称,电话,协议截止日期,联系人\n北京航天(集团),13800138000,2027-12-31,李\n")
    assert counts == ImportCounts(companies_changed=1, numbers_changed=1, numbers_removed=1)
    (company,) = office.companies
    assert company["agreement_expires_on"] == date(2027, 12, 31)
    assert company["tax_bureau"] == "海淀", "a column the file does not have is left alone"
    assert company["name"] == "北京航天(集团)"
    assert office.numbers == [CALLER]


def test_a_company_without_numbers_in_the_file_keeps_those_it_has(office: Office) -> None:
    office.take_in(CHINESE + ROW)
    office.take_in("company,numbers\n北京航天（集团）,\n")
    assert len(office.numbers) == 2


def test_one_fault_and_nothing_is_written(office: Office) -> None:
    with pytest.raises(CsvFileError):
        office.take_in(ENGLISH + "A,13800138000,,,,\nB,nonsense,,,,\n")
    assert office.companies == []


def test_a_dry_run_counts_and_writes_nothing(office: Office) -> None:
    assert office.take_in(CHINESE + ROW, dry_run=True).companies_added == 1
    assert office.companies == []
    assert office.numbers == []


def test_a_long_file_tells_how_far_it_is_and_leaves_the_calls_their_database(office: Office) -> None:
    told: list[tuple[int, int]] = []
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["company", "numbers"])
    writer.writerows([f"公司{number}", f"138{number:08d}"] for number in range(3000))
    data = stream.getvalue().encode()
    book = SqlAgreements(office.database.url)
    counts = import_agreements(book, data, area_code="010", progress=lambda *at: told.append(at))
    assert counts.companies_added == counts.numbers_added == 3000
    assert told[-1] == (3000, 3000)
