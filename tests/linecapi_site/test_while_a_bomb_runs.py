"""A query that would take everything does not keep the server from answering."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse

from exports import preview
from warehouse.models import Database

FAR_TEXTS = "levenshtein(repeat(md5(i::varchar), 3000), repeat(md5((i + 1)::varchar), 3000))"
BOMBS = [
    "select count(*) as n from range(100000000) a, range(100000) b",
    f"select max({FAR_TEXTS}) as n from range(1000000) t(i)",
]


def post(client, values):
    try:
        return client.post(reverse("exports:query_preview_new"), values, headers={"HX-Request": "true"})
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("bomb", BOMBS, ids=["interruptible", "deaf"])
def test_other_pages_answer_while_a_bomb_runs_in_a_preview(as_user, editor, viewer, monkeypatch, bomb):
    monkeypatch.setattr(preview, "SECONDS", 2)
    shop = Database.objects.create(name="shop_jp")
    values = {"database": shop.pk, "time_zone": "UTC", "sql": bomb, "target": "", "engine": "duckdb"}
    other, answers = as_user(viewer), []
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(post, as_user(editor), values)
        while not running.done():
            answers.append(other.get("/databases").status_code)
    assert b"Stopped at the time limit of 2 seconds" in running.result().content
    assert len(answers) > 5 and set(answers) == {200}
