"""docs/settings.md lists every setting."""

from __future__ import annotations

from infra.settings import reference


def test_the_list_is_up_to_date() -> None:
    """The list is current; `python -m infra.settings.reference` writes it again."""
    assert reference.PAGE.read_text() == reference.page(reference.PAGE.read_text())


def test_every_setting_is_listed() -> None:
    """The page has a setting of each kind of table, with its range and its default."""
    page = reference.PAGE.read_text()
    assert "| `max_width` | whole number from 1 to 300 | `100` |" in page
    assert '| `data` | `"retained"`, `"destroyed"` | `"retained"` |' in page
    assert '`[guardrail]`, `kind = "existing"`' in page
    assert "| `guardrail_usd_per_1000_text_units` | number from 0 to 100 |" in page
    assert "| `models` | list of tables |" in page
    assert "`[[prices.models]]`: The price of a model" in page
    assert "| `cached_input` | number from 0 to 10000 |" in page
    assert "`[[models]]`: A name" in page
    assert "`[[models.targets]]`: A model" in page
    assert "| `first_byte_s` | number above 0 |" in page
    assert "`[guardrails.REGION]`: " in page
    assert "`[upstream.key_rotation]`: Replace" in page
