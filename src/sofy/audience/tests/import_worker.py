"""A process that imports a file, for a test to kill: arguments client, book, file; prints rows done."""

import sys
from uuid import UUID

import django


def main() -> None:
    """Import with small batches and say how far it is."""
    django.setup()
    from sofy.audience.imports import run
    from sofy.audience.services.imports import import_file

    run.BATCH_ROWS = 50
    client, book, path = sys.argv[1:]
    import_file(
        client_id=UUID(client),
        book_id=UUID(book),
        path=path,
        legal_basis="consent",
        source="till",
        progress=lambda done, _total: print(done, flush=True),
    )


if __name__ == "__main__":
    main()
