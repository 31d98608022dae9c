"""Fields for personal data: sealed text that is unreadable in a dump, and the blind index that finds it again."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from sofy.kit.keys import keys_for

if TYPE_CHECKING:
    _BinaryField = models.BinaryField[Any, Any]
else:
    _BinaryField = models.BinaryField  # takes no type arguments when the program runs


class Sealed(bytes):
    """A value as the database holds it, not yet opened."""


class _Opener(DeferredAttribute):
    """Gives the text of a sealed field, opened at the first access: a list that shows no names opens none."""

    field: "SealedTextField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, bytes):
            opened = self.field.unseal(instance, value) if value else ""  # b"" is the default of a blank field
            value = instance.__dict__[self.field.attname] = opened
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SealedTextField(_BinaryField):
    """Text under the client's data key, bound to its table, column and row: moved elsewhere, it does not open.

    The model needs `client_id` and a primary key (or an `id`, under a composite key) before it is saved. Comparing in
    SQL is refused; equality goes through an IndexField. `under` names another column whose key it is: what the operator
    holds as controller is under `entity_id`, a legal entity's key, and outlives the client's.
    """

    descriptor_class = _Opener

    def __init__(self, *args: Any, under: str = "client_id", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.under = under

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs if self.under == "client_id" else kwargs | {"under": self.under}

    def seal(self, instance: Any, text: str) -> bytes:
        """The bytes to store for this text in this row; for bulk writers that bypass save()."""
        keys = keys_for(getattr(instance, self.under))
        return keys.seal(instance._meta.db_table, self.column or "", _row_id(instance), text)

    def unseal(self, instance: Any, blob: bytes) -> str:
        """The text of what was stored for this row."""
        keys = keys_for(getattr(instance, self.under))
        return keys.unseal(instance._meta.db_table, self.column or "", _row_id(instance), bytes(blob))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = model_instance.__dict__.get(self.attname)
        return Sealed(self.seal(model_instance, value)) if isinstance(value, str) else value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, str):
            raise FieldError(f"{self.name} is sealed per row: use save(), or seal() in a bulk write.")
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Any:
        return value  # BinaryField would read text as base64

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is sealed: search its blind index, not the text.")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        raise FieldError(f"{self.name} is sealed: it is never serialised in clear.")


class IndexField(_BinaryField):
    """Keyed hash of a value (16 bytes): equal values of one client meet, nobody reads the value from it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> bytes | None:
        return None if value is None else bytes(value)


def _row_id(instance: Any) -> Any:
    key = instance.pk
    return instance.id if isinstance(key, tuple) else key
