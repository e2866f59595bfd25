"""The Export Results panel over a sample: presets, proposals, verdicts and outcomes."""

import json

import pyarrow as pa
from django.http import QueryDict

from exports.target_drafts import Draft, draft_of_post
from exports.target_panel import Panel
from exports.target_sample import Sample
from integrations.models import Authentication

NOW = 1_700_000_000
GOOD = {
    "deduplication_key": "key_1",
    "event_type": "conversion",
    "source_type": "web",
    "event_timestamp": NOW - 60,
    "phone": "+818012345678",
}


def line(**settings):
    return Authentication(pk=1, name="line", connector_key="line_conversion", settings={"line_tag_id": "t"} | settings)


def panel(rows, mapping=None, settings=None, authentication=None, **more):
    table = pa.Table.from_pylist(rows)
    sample = Sample(columns=tuple(table.column_names), table=table, known=True)
    draft = Draft(authentication or line(), mapping, settings)
    return Panel(draft=draft, sample=sample, now=NOW, **more)


def without(*names):
    return {name: value for name, value in GOOD.items() if name not in names}


def row(found, name):
    return next(r for r in found.rows if r.field.name == name)


def test_columns_with_a_fields_name_are_mapped_to_begin_with():
    assert panel([GOOD]).mapping == {name: {"column": name} for name in GOOD}


def test_a_mapping_that_was_made_is_left_alone():
    assert panel([GOOD], {"phone": {"column": "phone"}}).mapping == {"phone": {"column": "phone"}}


def test_match_by_name_fills_in_what_is_not_mapped_or_gone():
    mapping = {
        "source_type": {"constant": "web"},
        "phone": {"column": "tel"},
        "event_type": {"column": "source_type"},
    }
    assert panel([GOOD], mapping).matched().mapping == {name: {"column": name} for name in GOOD} | {
        "source_type": {"constant": "web"},
        "event_type": {"column": "source_type"},
    }


def test_match_by_name_loses_nothing_when_the_columns_are_not_known():
    draft = Draft(line(), {"phone": {"column": "tel"}})
    found = Panel(draft=draft, sample=Sample(error="broken"), now=NOW)
    assert found.matched().mapping == {"phone": {"column": "tel"}}


def test_it_proposes_a_column_with_a_close_name():
    assert row(panel([without("phone") | {"tel": "x"}]), "phone").suggestion == "tel"


def test_it_does_not_propose_a_column_that_is_used_already():
    mapping = {"external_id": {"column": "tel"}}
    assert row(panel([{"tel": "x"}], mapping), "phone").suggestion == ""


def test_it_proposes_the_column_of_the_fields_name_where_it_was_left_out():
    assert row(panel([GOOD], {}), "phone").suggestion == "phone"


def test_the_verdict_counts_valid_rows():
    assert row(panel([GOOD] * 3), "event_type").verdicts == ["3 of 3 valid"]


def test_the_verdict_tells_how_many_break_the_rule_and_which():
    found = row(panel([GOOD] * 3 + [GOOD | {"phone": "08012345678"}]), "phone")
    assert found.verdicts == [
        "1 of 4: must be a phone number with its country code, like +818012345678, or a SHA-256 of 64 hex digits"
    ]
    assert found.state == "bad"


def test_the_verdict_tells_hashed_values_from_those_to_hash():
    found = panel([GOOD] * 2 + [GOOD | {"phone": "A" * 64}, GOOD | {"phone": None, "email": "a@example.com"}])
    assert row(found, "phone").verdicts == ["2 to hash, 1 hashed, 1 empty"]


def test_the_verdict_counts_empty_values_apart():
    rows = [GOOD | {"click_id": "c1"}, GOOD | {"click_id": ""}, GOOD | {"click_id": None}]
    assert row(panel(rows), "click_id").verdicts == ["1 valid, 2 empty"]


def test_a_column_without_any_value_is_called_empty():
    assert row(panel([GOOD | {"click_id": ""}]), "click_id").verdicts == ["1 of 1 empty"]


def test_an_empty_required_field_is_a_problem():
    found = row(panel([GOOD, GOOD | {"source_type": None}]), "source_type")
    assert (found.verdicts, found.state) == (["1 of 2: is missing"], "bad")


def test_the_sample_value_of_a_personal_field_is_masked():
    sample = row(panel([GOOD]), "phone").sample
    assert sample and "12345678" not in sample and sample != GOOD["phone"]


def test_a_line_user_id_needs_the_channel_id():
    found = row(panel([GOOD | {"line_uid": "U" + "0" * 32}]), "line_uid")
    assert found.verdicts == ["1 of 1: needs the LINE Channel ID in the authentication"]


def test_a_line_user_id_is_right_with_the_channel_id():
    rows = [GOOD | {"line_uid": "U" + "0" * 32}]
    assert row(panel(rows, authentication=line(line_channel_id="1")), "line_uid").state == "ok"


def test_rows_without_an_identifier_are_told_of():
    found = panel([GOOD, GOOD | {"phone": ""}])
    assert found.record_problems[0].startswith("1 of 2: has no identifier: LINE needs at least one of ")


def test_a_mapping_without_any_identifier_is_refused():
    found = panel([without("phone")])
    assert found.record_problems[0].startswith("no identifier is mapped")
    assert found.outcome == "Nothing would be sent: no row would have an identifier."


def test_the_outcome_counts_what_would_be_sent_and_skipped():
    found = panel([GOOD] * 3 + [GOOD | {"phone": "1"}])
    assert found.outcome == "3 of 4 rows of the sample would be sent; 1 would be skipped."


def test_the_outcome_without_ignore_invalid_records_is_nothing():
    settings = {"max_records": "1000"}
    found = panel([GOOD] * 3 + [GOOD | {"phone": "1"}], settings=settings)
    assert found.outcome == "Nothing would be sent: 1 of 4 rows of the sample are invalid."


def test_a_required_field_without_a_source_is_named_before_the_run():
    found = panel([without("event_type")])
    assert row(found, "event_type").problems == ["is required: map a column or set a constant"]
    assert found.required_says == "3 of 4 required fields mapped"
    assert found.outcome == "Nothing would be sent: event_type needs attention."


def test_a_mapped_column_that_is_gone_is_named():
    found = panel([without("phone") | {"tel": "x"}], {"phone": {"column": "phone"}})
    assert row(found, "phone").missing
    assert row(found, "phone").problems == ["the query’s result has no column “phone”"]


def test_a_constant_that_breaks_the_rule_is_a_problem():
    mapping = panel([GOOD]).mapping | {"source_type": {"constant": "app"}}
    assert row(panel([GOOD], mapping), "source_type").problems == ["the constant “app” must be web"]


def test_a_constant_stands_for_every_row():
    mapping = panel([GOOD]).mapping | {"event_name": {"constant": "Purchase"}}
    found = panel([GOOD] * 2, mapping)
    assert row(found, "event_name").verdicts == ["2 of 2 valid"]
    assert json.loads(found.payload)["event"]["event_name"] == "Purchase"


def test_a_column_of_a_wrong_type_is_a_problem():
    found = row(panel([GOOD | {"title": ["a", "b"]}]), "title")
    assert found.problems[0].startswith("the column “title” is of type list")


def test_the_second_example_query_of_the_product_document_is_told_exactly():
    found = panel(
        [
            {
                "email": "elizabetho@fb.com",
                "event_name": "Purchase",
                "event_timestamp": 1_598_531_676,
                "deduplication_key": "dedup_key_123",
            }
        ]
    )
    assert {r.field.name for r in found.rows if r.state == "bad"} == {"event_type", "source_type", "event_timestamp"}
    assert row(found, "event_type").problems == row(found, "source_type").problems
    assert row(found, "event_timestamp").verdicts == ["1 of 1: is more than 90 days ago"]
    assert found.required_says == "2 of 4 required fields mapped"
    assert found.outcome == "Nothing would be sent: event_type and source_type need attention."


def test_the_filter_counts_fields_by_what_became_of_them():
    found = panel([GOOD | {"phone": "1"}])
    assert [(word, count) for _, word, count in found.filters] == [
        ("All", 24),
        ("Mapped", 5),
        ("Problems", 1),
        ("Not sent", 19),
    ]


def test_the_additional_fields_stand_apart_and_are_closed():
    found = panel([GOOD])
    assert [group.name for group in found.groups] == ["Required", "Who", "What"]
    assert sum(len(group.rows) for group in found.groups) == 17
    assert (len(found.additional.rows), found.additional.mapped, found.additional.open) == (7, 0, False)


def test_the_additional_fields_are_open_when_a_column_has_ones_name_or_one_is_mapped():
    rows = [GOOD | {"value": 1980.5}]
    assert (panel(rows).additional.mapped, panel(rows).additional.open) == (1, True)
    assert (panel(rows, {}).additional.mapped, panel(rows, {}).additional.open) == (0, True)
    assert panel([GOOD], {"test_flag": {"constant": "true"}}).additional.open


def test_additional_fields_do_not_count_as_required():
    assert panel([GOOD | {"quantity": "x"}]).required_says == "4 of 4 required fields mapped"


def test_constants_of_other_kinds_are_shown_as_they_are_typed():
    mapping = panel([GOOD]).mapping
    mapping |= {"test_flag": {"constant": True}, "value": {"constant": 1980}, "keywords": {"constant": ["夏", "a,b"]}}
    found = panel([GOOD], mapping)
    assert [row(found, name).constant for name in ("test_flag", "value", "keywords")] == [
        "true",
        "1980",
        '["夏", "a,b"]',
    ]
    event = json.loads(found.payload)
    assert (event["event"]["test_flag"], event["custom"]) == (True, {"value": 1980, "keywords": ["夏", "a,b"]})


def test_constants_of_other_kinds_are_the_same_when_they_come_back_as_text():
    mapping = {"test_flag": {"constant": True}, "value": {"constant": 1980}, "keywords": {"constant": ["夏", "a,b"]}}
    mapping |= panel([GOOD]).mapping
    post = QueryDict(mutable=True)
    post.update(dict(Draft(None, mapping).carried))
    assert panel([GOOD], draft_of_post(post).mapping).payload == panel([GOOD], mapping).payload


def test_a_list_column_is_a_value_of_a_list_field():
    found = row(panel([GOOD | {"item_ids": ["sku-1", "sku-2"]}, GOOD | {"item_ids": []}]), "item_ids")
    assert (found.verdicts, found.sample) == (["1 valid, 1 empty"], "sku-1, sku-2")


def test_the_sample_payload_is_masked():
    payload = json.loads(panel([GOOD | {"phone": "1"}, GOOD | {"title": "call +818012345678"}]).payload)
    assert payload["event"]["deduplication_key"] == "key_1"
    assert len(payload["user"]["phone"]) < 64
    assert "12345678" not in json.dumps(payload)


def test_there_is_no_payload_without_a_good_row():
    assert panel([GOOD | {"phone": "1"}]).payload == ""


def test_without_rows_columns_are_mapped_all_the_same():
    table = pa.Table.from_pylist([GOOD]).slice(0, 0)
    found = Panel(
        draft=Draft(line(), None, {"max_records": "1000"}), sample=Sample(tuple(GOOD), table, known=True), now=NOW
    )
    assert found.mapping == {name: {"column": name} for name in GOOD}
    assert (row(found, "phone").state, found.outcome) == ("map", "There are no sample rows to check.")
    assert found.target() is not None


def test_a_draft_survives_in_hidden_inputs():
    mapping = {"phone": {"column": "c:x"}, "event_name": {"constant": ""}}
    draft = Draft(None, mapping, {"max_records": "999"})
    post = QueryDict(mutable=True)
    post.update(dict(draft.carried))
    assert draft_of_post(post) == draft


def test_readiness_is_counted_over_the_good_rows_of_the_sample():
    rows = [GOOD, GOOD, without("phone") | {"phone": "090"}]
    found = panel(rows).readiness
    assert (found.rows, next((i.name, i.rows) for i in found.identifiers)) == (2, ("phone", 2))


def test_the_sample_is_warned_of():
    old = GOOD | {"event_timestamp": NOW - 40 * 86400, "deduplication_key": "key_2"}
    late = GOOD | {"event_timestamp": NOW * 1000}
    assert [(w.says[:10], w.rows) for w in panel([GOOD, GOOD, old, late]).warnings] == [
        ("Older than", 1),
        ("The event_", 1),
        ("Time in mi", 1),
    ]


def test_without_good_rows_there_is_no_readiness():
    assert panel([without("phone")]).readiness is None
    draft = Draft(line(), {})
    assert Panel(draft=draft, sample=Sample(), now=NOW).warnings == []
