"""Ids and sealed values made by the thousand are the kernel's."""

from uuid import UUID, uuid4

from sofy.audience.bulk import row_ids, sealer
from sofy.audience.imports.prepare import IDENTITY, Preparer, in_storing_order
from sofy.audience.imports.rows import Record
from sofy.kernel.crypto import ClientKeys
from sofy.kernel.phone import Number


def test_what_is_sealed_in_bulk_opens_with_the_kernel() -> None:
    keys = ClientKeys.generate(uuid4())
    seal = sealer(keys, "audience_contact", "last_name")
    ids = row_ids(3000)

    blobs = [seal(row_id, f"Sœur {number}") for number, row_id in enumerate(ids)]

    for number, (row_id, blob) in enumerate(zip(ids, blobs, strict=True)):
        assert keys.unseal("audience_contact", "last_name", UUID(bytes=row_id), blob) == f"Sœur {number}"
    assert len({blob[1:13] for blob in blobs}) == 3000  # a nonce is never used twice


def test_ids_are_uuid7_in_order() -> None:
    ids = row_ids(5000)

    assert ids == sorted(set(ids))
    assert {(UUID(bytes=each).version, UUID(bytes=each).variant) for each in ids} == {(7, "specified in RFC 4122")}


def test_identities_are_numbered_and_sealed_in_the_order_in_which_they_are_stored() -> None:
    keys = ClientKeys.generate(uuid4())
    phones = [Number(f"+3370000{number:04d}", "mobile", "FR", False) for number in range(50)]
    records = [Record(row, [phone], [f"p{row}@exemple.fr"], []) for row, phone in enumerate(phones)]

    prepared = Preparer(keys).prepare(records)

    handles = sorted((handle for each in prepared for handle in each.handles), key=in_storing_order)
    assert [handle.id for handle in handles] == sorted({handle.id for handle in handles})
    assert len(handles) == 100
    for handle in handles:
        assert keys.unseal(IDENTITY, "value", UUID(bytes=handle.id), handle.sealed) == handle.value
