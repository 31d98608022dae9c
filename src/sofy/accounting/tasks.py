"""Jobs of this room."""

from sofy.kit.jobs import every


@every(300)
def books() -> None:
    """Every five minutes: contracts to which something happened, so that no page has to wait for them."""
    from sofy.accounting.services import books as services

    services.catch_up_all()


@every(300)
def health() -> int:
    """Every five minutes: how every client stands."""
    from sofy.accounting.services import health as services

    return services.refresh()
