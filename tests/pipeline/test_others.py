"""Objects of other instruments in raw/ are counted, and are no news from run to run."""

import dataclasses

from airglow.pipeline.status import describe_others
from airglow.pipeline.stored_table import read_table, write_table
from airglow.pipeline.table import Table
from airglow.store import Store
from airglow.uploads import Memory, read_memory


def test_the_table_counts_them_and_is_not_written_for_a_count_alone(store: Store):
    first = Table(others={"bwc00_": 2})
    assert write_table(store, first, Table())
    before = read_table(store)
    assert before.others == {"bwc00_": 2}
    assert not write_table(store, dataclasses.replace(before, others={"bwc00_": 3}), before)
    assert write_table(store, dataclasses.replace(before, others={"bwc00_": 3, "asi_": 1}), before)
    assert read_table(store).others == {"asi_": 1, "bwc00_": 3}


def test_what_status_says_of_them():
    told = describe_others({"bwc00_": 1200, "asi_": 1})
    assert told == "1,201 objects of other instruments in raw/ are left alone: asi_ 1, bwc00_ 1,200"


def test_they_are_listed_once(store: Store, tmp_path):
    memory = Memory(f"{store.bucket} at {store.endpoint_url}")
    assert memory.new_prefixes(["bwc00_", "asi_"]) == ["asi_", "bwc00_"]
    memory.write(tmp_path / "memory.json")
    again = read_memory(tmp_path / "memory.json", store)
    assert again.new_prefixes(["asi_", "bwc00_", "pic_"]) == ["pic_"]
